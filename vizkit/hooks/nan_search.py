"""Runs operations under a function mode and finds the one that first gave what is not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.nan_cause import BUFFER, DATA, ELSEWHERE, WEIGHT, Cause
from vizkit.hooks.nan_places import Places
from vizkit.hooks.nan_values import (
    bad_samples,
    described,
    holds_nan,
    holds_plus_infinity,
    is_bad,
    tensors_of,
)
from vizkit.hooks.source_lines import caller

PASS_ON = frozenset(
    {"add", "sub", "where", "masked_fill", "softmax", "log_softmax", "logsumexp", "max", "exp"}
    | {"scaled_dot_product_attention", "multi_head_attention_forward", "sigmoid", "cross_entropy"}
)
"""Operations that -infinity is meant for, as in masks of attention."""

_DUNDERS = {"truediv": "div", "rdiv": "div", "rtruediv": "div", "getitem": "index"}


@dataclass(frozen=True)
class Known:
    """What may come in: (sort, name) by the id of a tensor; the batch's size; who called."""

    names: Mapping[int, tuple[str, str]]
    batch: int = 0
    called_from: str = ""


@dataclass(frozen=True)
class Line:
    """An operation that ran: nodes numbered `start` to before `stop` are its."""

    start: int
    stop: int
    op: str
    source: str
    hooked: bool
    """Whether reading what it saved may run something again (checkpoints)."""


class Search(TorchFunctionMode):
    """Follows every value that is not finite back to where it began.

    within: the code that runs all this, outside of which no line of the program is looked for.
    """

    def __init__(self, places: Places, known: Known, phase: str, within: CodeType) -> None:
        super().__init__()
        self._within = within
        self.lines: list[Line] = []
        self._places = places
        self._known = known
        self._phase = phase
        self._causes: dict[int, Cause] = {}
        self._kept: list[Tensor] = []

    def cause_in(self, values: Any) -> Cause | None:
        """Return where the first tensor in `values` that is not finite has it from."""
        for _, tensor in tensors_of(values):
            if is_bad(tensor):
                cause = self._cause_of(tensor)
                if not cause.wanted:
                    return cause
        return None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and look at what goes in and what comes out."""
        name = getattr(func, "__name__", "")
        if name in ("__get__", "__set__"):
            return func(*args, **(kwargs or {}))
        inputs = list(tensors_of((args, kwargs or {})))
        bad = [tensor for _, tensor in inputs if is_bad(tensor)]
        changes = name.endswith("_") or "out" in (kwargs or {})
        before = [described(tensor) for _, tensor in inputs] if changes else None
        start = sequence_number()
        result = func(*args, **(kwargs or {}))
        hooked = torch._C._autograd._top_saved_tensors_default_hooks(True) is not None
        line = Line(start, sequence_number(), _plain(name), self._line(), hooked)
        self.lines.append(line)
        outputs = [tensor for _, tensor in tensors_of(result)]
        outputs += [inputs[0][1]] if changes and inputs else []
        outputs = [tensor for tensor in outputs if is_bad(tensor)]
        if outputs:
            told = before or [described(tensor) for _, tensor in inputs]
            self._spread(self._cause(bad, outputs, line, told, (args, kwargs)), outputs)
        return result

    def _line(self) -> str:
        return caller(within=self._within) or self._known.called_from

    def _cause(
        self, bad: list[Tensor], outputs: list[Tensor], line: Line, told: list[Any], given: Any
    ) -> Cause:
        causes = [self._cause_of(tensor) for tensor in bad]
        for cause in causes:
            if cause.wanted and cause.sort == DATA and line.op not in PASS_ON:
                cause.wanted = False
            if not cause.wanted:
                self._first_reader(cause, line, outputs[0], told)
                return cause
        if causes and not any(holds_nan(each) or holds_plus_infinity(each) for each in outputs):
            return causes[0]
        cause = Cause(phase=self._phase, wanted=not bad and _is_asked_for(outputs, given))
        self._first_reader(cause, line, outputs[0], told)
        return cause

    def _first_reader(self, cause: Cause, line: Line, output: Tensor, told: list[Any]) -> None:
        """Note the operation that made it, or that read first what came in."""
        if cause.op:
            return
        cause.op, cause.source, cause.path = line.op, line.source, self._places.path
        cause.made = "NaN" if holds_nan(output) else "infinity"
        cause.dtype = str(output.dtype).removeprefix("torch.")
        cause.inputs = cause.inputs or told
        cause.sequence = -1 if output.grad_fn is None else output.grad_fn._sequence_nr()
        if not cause.samples and self._known.batch and output.shape[:1] == (self._known.batch,):
            cause.samples, cause.batch = bad_samples(output), self._known.batch

    def _spread(self, cause: Cause, outputs: list[Tensor]) -> None:
        cause.reach(self._places.path)
        for tensor in outputs:
            self._causes.setdefault(_storage(tensor), cause)
            if self._causes[_storage(tensor)].wanted:
                self._causes[_storage(tensor)] = cause
            self._kept.append(tensor)

    def _cause_of(self, tensor: Tensor) -> Cause:
        found = self._causes.get(_storage(tensor))
        if found is None:
            found = self._causes[_storage(tensor)] = self._came_in(tensor)
            self._kept.append(tensor)
        return found

    def _came_in(self, tensor: Tensor) -> Cause:
        base = tensor if tensor._base is None else tensor._base
        sort, name = self._known.names.get(id(tensor)) or self._known.names.get(
            id(base), (ELSEWHERE, "")
        )
        only_masks = not holds_nan(tensor) and not holds_plus_infinity(tensor)
        cause = Cause(sort, self._phase, name, inputs=[described(tensor, name)])
        cause.made = "NaN" if holds_nan(tensor) else "infinity"
        cause.wanted = only_masks and sort in (BUFFER, DATA, ELSEWHERE)
        if sort != WEIGHT and sort != BUFFER:
            cause.samples, cause.batch = bad_samples(tensor), tensor.shape[0] if tensor.dim() else 0
        return cause


def _plain(name: str) -> str:
    name = name.strip("_")
    return _DUNDERS.get(name, name)


def _is_asked_for(outputs: list[Tensor], given: Any) -> bool:
    """Tell whether the program itself asked for infinities, as masks do."""
    if any(holds_nan(each) for each in outputs):
        return False
    return _names_infinity(given) or not any(True for _ in tensors_of(given))


def _names_infinity(values: Any) -> bool:
    if isinstance(values, float):
        return math.isinf(values)
    if isinstance(values, Mapping):
        return any(map(_names_infinity, values.values()))
    return isinstance(values, (list, tuple)) and any(map(_names_infinity, values))


def _storage(tensor: Tensor) -> int:
    try:
        return tensor.untyped_storage().data_ptr() or id(tensor)
    except (RuntimeError, NotImplementedError):  # sparse tensors have none
        return id(tensor)
