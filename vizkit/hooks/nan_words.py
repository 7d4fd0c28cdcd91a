"""The sentence of a finding about numbers that are not finite: what, where, why, what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from vizkit.hooks.nan_cause import BACKWARD, BUFFER, DATA, LOSS, OPERATION, WEIGHT, Cause

_KEEP_POSITIVE = "keep its input above 0, with x.clamp(min=1e-8) before it, say"
_ADVICE = {
    "log": _KEEP_POSITIVE,
    "log2": _KEEP_POSITIVE,
    "log10": _KEEP_POSITIVE,
    "log1p": "keep its input above -1",
    "sqrt": _KEEP_POSITIVE,
    "rsqrt": _KEEP_POSITIVE,
    "pow": "keep its base above 0 where the exponent is no whole number",
    "div": "keep the divisor away from 0: add a small number to it, or leave empty groups out",
    "reciprocal": "keep its input away from 0",
    "acos": "keep its input within -1 to 1",
    "asin": "keep its input within -1 to 1",
    "softmax": "leave at least one entry of each row unmasked",
    "log_softmax": "leave at least one entry of each row unmasked",
    "exp": "subtract the largest value first, or clamp its input",
}
_SLOPES = (
    "sqrt",
    "rsqrt",
    "pow",
    "norm",
    "linalg_vector_norm",
    "std",
    "acos",
    "asin",
    "log",
    "div",
)
_HALF = {"float16": "65,504", "bfloat16": "3.4e38"}


def sentence_of(cause: Cause) -> str:
    """Return what is known of a cause, in plain words."""
    if cause.sort != OPERATION:
        return _came_in(cause)
    if cause.phase == BACKWARD:
        return _backward(cause)
    if not cause.op:
        return (
            "The loss is finite, but its gradient is not: the backward pass of the loss itself, "
            f"outside of the model, made the first {cause.made}. {_slope('an operation')}"
        )
    ranges = _ranges(cause.inputs)
    got = f" got {ranges} and" if ranges else ""
    return (
        f"{cause.op}{_where(cause)}{got} made the first {cause.made}.{_rows(cause)} {_todo(cause)}"
    )


def free_sentence(loss: float | None, norm: float | None, frontier: str, parameters: int) -> str:
    """Return what is known without a search. frontier: words on where the gradients go wrong."""
    if loss is not None and not math.isfinite(loss):
        return f"The loss is {number(loss)}. {ASK}"
    known = "" if loss is None else f", though the loss is {number(loss)}"
    plural = "s are" if parameters != 1 else " is"
    which = f"The gradient{plural} not finite for {parameters} parameter{'s' * (parameters != 1)}"
    return f"{which if parameters else 'The gradients are not finite'}{known}.{frontier} {ASK}"


ASK = "vizkit.watch(..., nan_origin=True) names the operation that made it."


def number(value: float) -> str:
    """Return a number short enough for a sentence."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value + 0.0:.3g}"


def _came_in(cause: Cause) -> str:
    read = f"; {cause.op}{_where(cause)} was the first to read it" if cause.op else ""
    if cause.sort == DATA:
        what = f"The batch came in with {cause.made} in {cause.name}"
        return (
            f"{what}{_samples(cause)}{read}. Look at these samples, and leave out what is broken."
        )
    if cause.sort == WEIGHT:
        return (
            f"The weight {cause.name} was not finite before this step{read}. An earlier step wrote "
            "it: look at its gradients and at the learning rate, or clip the gradients."
        )
    if cause.sort == BUFFER:
        return (
            f"The buffer {cause.name} was not finite before this step{read}. "
            "An earlier forward pass wrote it: look at the batches before."
        )
    return f"A tensor that is no input, weight or buffer came in with {cause.made}{read}."


def _backward(cause: Cause) -> str:
    if not cause.op:
        return f"The forward pass is finite, its backward pass made {cause.made}."
    ranges = _ranges(cause.inputs[:1])
    what = (
        "its result was" if cause.inputs and cause.inputs[0].get("name") == "result" else "it got"
    )
    kept = f", where {what} {ranges}," if ranges else ""
    return (
        f"The forward pass is finite, but the backward pass of {cause.op}{_where(cause)}{kept} "
        f"made the first {cause.made}. {_slope(cause.op)}"
    )


def _slope(op: str) -> str:
    if op in _SLOPES or op == "an operation":
        return (
            f"The slope of {op} is infinite there, and a mask behind it does not help, since 0 "
            "times infinity is NaN: keep its input away from that point before it."
        )
    return "Look at what it got: a slope may be infinite there."


def _where(cause: Cause) -> str:
    line = f" ({cause.source})" if cause.source else ""
    if cause.phase == LOSS and not cause.path:
        return f" in the loss, outside of the model{line},".removesuffix("," * (not line))
    return f" in {cause.path or 'the model'}{line}"


def _samples(cause: Cause) -> str:
    if not cause.samples:
        return ""
    shown = ", ".join(map(str, cause.samples[:5])) + (", ..." if len(cause.samples) > 5 else "")
    return f", sample{'s' * (len(cause.samples) > 1)} {shown} of {cause.batch}"


def _rows(cause: Cause) -> str:
    if not cause.samples or len(cause.samples) == cause.batch:
        return ""
    return f" It did so in {len(cause.samples)} of {cause.batch} samples{_first(cause)}."


def _first(cause: Cause) -> str:
    return f" ({', '.join(map(str, cause.samples[:5]))}{', ...' * (len(cause.samples) > 5)})"


def _ranges(inputs: Sequence[dict[str, Any]]) -> str:
    return " and ".join(filter(None, map(_range, inputs[:2])))


def _range(told: dict[str, Any]) -> str:
    if "min" not in told:
        return "only what is not finite" if told.get("nan") or told.get("inf") else ""
    low, high = number(told["min"]), number(told["max"])
    return low if low == high else f"values from {low} to {high}"


def _todo(cause: Cause) -> str:
    if cause.op in _ADVICE and not (
        cause.op == "div" and cause.made == "infinity" and _is_half(cause)
    ):
        words = _ADVICE[cause.op]
    elif _is_half(cause):
        words = (
            f"{cause.dtype} ends at {_HALF[cause.dtype]}: scale its inputs down, or run it in "
            "float32 (torch.autocast(..., enabled=False))"
        )
    elif cause.made == "infinity":
        words = "its result is larger than the number format holds: scale its inputs down"
    else:
        words = "look at what it got"
    return f"{words[0].upper()}{words[1:]}."


def _is_half(cause: Cause) -> bool:
    return cause.dtype in _HALF
