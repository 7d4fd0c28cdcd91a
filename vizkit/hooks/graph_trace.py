"""One backward pass as plain data: what the walk saw, without any autograd node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor

from vizkit.hooks.graph_walk import LEAF, Names, is_custom
from vizkit.kinds.graph.graph import Shape

Source = tuple[int, int]
"""The place of a step among a trace's, and which of its outputs."""


@dataclass(frozen=True)
class Step:
    """One autograd node. `inputs`: where each came from, None without a gradient.

    `sequence` is the order in which they ran, -1 of leaves. `leaf`: the parameter's name, "" of a
    tensor that is none, None of operations. `custom`: of a `torch.autograd.Function`.
    """

    op: str
    sequence: int
    inputs: tuple[Source | None, ...] = ()
    shapes: tuple[Shape, ...] = ()
    dtypes: tuple[str, ...] = ()
    leaf: str | None = None
    custom: bool = False


@dataclass(frozen=True)
class Trace:
    """The steps that one backward pass goes through, and from which outputs it starts."""

    steps: tuple[Step, ...]
    roots: tuple[Source, ...]


def trace(roots: Sequence[Tensor], names: Names, most: int) -> Trace:
    """Walk once more and note everything, up to `most` nodes."""
    starts = [root.grad_fn for root in roots if root.grad_fn is not None]
    order: list[Any] = list(dict.fromkeys(starts))
    index = {node: place for place, node in enumerate(order)}
    steps: list[Step] = []
    for node in order:
        inputs: list[Source | None] = []
        for source, output in node.next_functions:
            if source is not None and source not in index and len(order) < most:
                index[source] = len(order)
                order.append(source)
            inputs.append((index[source], output) if source in index else None)
        steps.append(_step(node, tuple(inputs), names))
    ends = [(index[root.grad_fn], root.output_nr) for root in roots if root.grad_fn is not None]
    return Trace(tuple(steps), tuple(ends))


def plain_name(name: str) -> str:
    """Return an autograd node's name as the operation's: AddmmBackward0 is Addmm."""
    name = name.rpartition("::")[2]
    stem = name.rstrip("0123456789").removesuffix("Backward")
    return stem or name


def signature_of(pairs: Iterable[Any]) -> str:
    """Return what is equal in every process for structures that differ only in loop counts."""
    return digest(sorted(map(_word, pairs)))


def topology_of(traces: Iterable[Trace], *, shapes: bool) -> str:
    """Return the signature of all nodes and their wiring, with shapes or without."""
    return digest(
        repr((s.op, s.leaf, s.inputs, (s.shapes, s.dtypes) if shapes else ()))
        for trace in traces
        for s in trace.steps
    )


def digest(words: Iterable[str]) -> str:
    """Return 16 hexadecimal digits for a sequence of texts."""
    found = blake2b(digest_size=8)
    for word in words:
        found.update(word.encode(errors="replace") + b"\0")
    return found.hexdigest()


def _word(pair: Any) -> str:
    if isinstance(pair, tuple):
        return ">".join(map(_name, pair))
    return f"parameter {pair}"


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else kind.__name__


def _step(node: Any, inputs: tuple[Source | None, ...], names: Names) -> Step:
    if isinstance(node, LEAF):
        variable = node.variable
        name = names.get(id(variable), "")
        shape, dtype = tuple(variable.shape), dtype_name(variable.dtype)
        return Step("Parameter" if name else "Tensor", -1, (), (shape,), (dtype,), name)
    shapes, dtypes = _results(node)
    op = plain_name(node.name())
    return Step(op, node._sequence_nr(), inputs, shapes, dtypes, None, is_custom(node))


def _results(node: Any) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
    """Return shapes and dtypes of a node's outputs, as far as this torch tells."""
    try:
        found = node._input_metadata
        shapes = tuple(tuple(int(size) for size in each.shape) for each in found)
        return shapes, tuple(dtype_name(each.dtype) for each in found)
    except (AttributeError, RuntimeError, TypeError):  # nested tensors, older torch
        return (), ()


def dtype_name(dtype: torch.dtype) -> str:
    """Return "float32" for torch.float32."""
    return str(dtype).removeprefix("torch.")
