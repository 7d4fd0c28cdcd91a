"""Finds, without running anything again, where a live graph's loss stopped being finite.

Autograd nodes keep what their backward needs: inputs of some operations, results of others. That is
looked at before the backward pass frees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from vizkit.hooks.graph_trace import plain_name
from vizkit.hooks.graph_walk import LEAF
from vizkit.hooks.nan_cause import DATA, LOSS, WEIGHT, Cause
from vizkit.hooks.nan_places import Places
from vizkit.hooks.nan_rerun import nodes_before
from vizkit.hooks.nan_values import (
    bad_samples,
    described,
    holds_nan,
    holds_plus_infinity,
    is_bad,
)

_INPUTS = ("self", "other", "input", "mat1", "mat2", "x", "y", "target")

_AGAIN: dict[str, Callable[[dict[str, Tensor]], Tensor]] = {
    "Log": lambda saved: saved["self"].log(),
    "Log2": lambda saved: saved["self"].log2(),
    "Log10": lambda saved: saved["self"].log10(),
    "Log1P": lambda saved: saved["self"].log1p(),
    "Div": lambda saved: saved.get("self", torch.ones(())) / saved["other"],
    "Mul": lambda saved: saved["self"] * saved["other"],
    "Acos": lambda saved: saved["self"].acos(),
    "Asin": lambda saved: saved["self"].asin(),
    "Xlogy": lambda saved: torch.xlogy(saved["self"], saved["other"]),
}
"""What an operation gave, worked out from what it saved: not all save their result."""


def saved_tensors(node: Any) -> list[tuple[str, Tensor]]:
    """Return (name, tensor) of what a node keeps for its backward pass."""
    found: list[tuple[str, Tensor]] = []
    for attribute in [each for each in dir(node) if each.startswith("_saved_")]:
        try:
            value = getattr(node, attribute)
        except RuntimeError:  # freed already
            continue
        if isinstance(value, Tensor):
            found.append((attribute.removeprefix("_saved_"), value))
    return found


def cause_in_loss(root: Tensor, since: int, names: Mapping[int, str]) -> Cause | None:
    """Return what made a loss not finite among the nodes numbered `since` and later.

    names: of the parameters, by id. What ran before is taken to be finite. None where none of these
    nodes can be told to have.
    """
    if root.grad_fn is None:
        return None
    nodes = [each for each in nodes_before([root.grad_fn]) if each._sequence_nr() >= since]
    nodes.sort(key=lambda node: node._sequence_nr())
    with torch.no_grad():
        cause = next(filter(None, (_cause_at(node, names) for node in nodes)), None)
    if cause is None and len(nodes) == 1:  # nothing else can have made it
        cause = _cause_of(root.grad_fn, root.detach(), saved_tensors(root.grad_fn))
    if cause is not None and cause.sequence >= 0:
        cause.node = Places().node_id(cause.sequence, nodes)
    return cause


def _cause_at(node: Any, names: Mapping[int, str]) -> Cause | None:
    saved = saved_tensors(node)
    for source, _ in node.next_functions:
        if isinstance(source, LEAF) and is_bad(source.variable):
            return _came_in(node, "a tensor that needs a gradient", source.variable, names)
    inputs = [(name, each) for name, each in saved if name in _INPUTS]
    for name, tensor in inputs:
        if is_bad(tensor) and not _is_mask(tensor.grad_fn, tensor):
            return _came_in(node, name, tensor, names)
    result = _result(node, saved)
    if result is None or not is_bad(result) or _is_mask(node, result):
        return None
    return _cause_of(node, result, inputs)


def _is_mask(maker: Any, values: Tensor) -> bool:
    """Tell whether only -infinity is there, and not because of a logarithm of 0."""
    if holds_nan(values) or holds_plus_infinity(values):
        return False
    return maker is None or plain_name(maker.name()) not in _AGAIN


def _result(node: Any, saved: list[tuple[str, Tensor]]) -> Tensor | None:
    known = dict(saved)
    if "result" in known:
        return known["result"]
    act = _AGAIN.get(plain_name(node.name()))
    try:
        return None if act is None else act(known)
    except (KeyError, RuntimeError):  # it did not need to save all of it
        return None


def _came_in(node: Any, name: str, tensor: Tensor, names: Mapping[int, str]) -> Cause:
    """Name the node that made what this one read, or the tensor if none did."""
    maker = tensor.grad_fn
    if maker is not None:
        return _cause_of(maker, tensor, saved_tensors(maker))
    cause = _cause_of(node, tensor, [(name, tensor)])
    if id(tensor) in names:
        cause.sort, cause.name = WEIGHT, names[id(tensor)]
        return cause
    cause.sort, cause.name = DATA, name
    cause.samples = bad_samples(tensor)
    cause.batch = tensor.shape[0] if tensor.dim() else 0
    return cause


def _cause_of(node: Any, result: Tensor, inputs: list[tuple[str, Tensor]]) -> Cause:
    return Cause(
        phase=LOSS,
        op=plain_name(node.name()).lower(),
        sequence=node._sequence_nr(),
        made="NaN" if holds_nan(result) else "infinity",
        dtype=str(result.dtype).removeprefix("torch."),
        inputs=[described(tensor, name) for name, tensor in inputs],
    )
