"""The autograd nodes that a forward pass made: what they keep for backward, and when they run.

Everything is read and let go again; only hooks stay on nodes, until the step is over.
"""

from __future__ import annotations

import functools
import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vizkit.hooks.activity_times import Call
from vizkit.hooks.graph_walk import LEAF, is_custom

CAN_READ = hasattr(torch._C._autograd.SavedTensor, "data")
"""Whether this torch shows what a node keeps without unpacking it."""


class Saved(NamedTuple):
    """What a node keeps: a view of a storage, both in bytes."""

    storage: int
    start: int
    size: int
    whole: int


class Nodes(NamedTuple):
    """Nodes by their number, ascending; `reaches_back`: some read what was made before `since`."""

    by_number: dict[int, Any]
    reaches_back: bool


def nodes_since(roots: Iterable[Any], start: int, since: int, most: int) -> Nodes | None:
    """Return the nodes below `roots` that are numbered `start` or later, None if above `most`."""
    found: dict[int, Any] = {}
    waiting = list(roots)
    reaches_back = False
    while waiting:
        node = waiting.pop()
        if node is None or type(node) is LEAF:
            continue
        number = node._sequence_nr()
        if number < start:
            reaches_back = reaches_back or number < since
        elif number not in found:
            if len(found) >= most:
                return None
            found[number] = node
            waiting += [source for source, _ in node.next_functions]
    return Nodes(dict(sorted(found.items())), reaches_back)


def edges_of(calls: Sequence[Call], numbers: Sequence[int]) -> tuple[set[int], set[int]]:
    """Return the numbers of the nodes that run first and last of each call in backward.

    Autograd runs, of the nodes whose gradient is there, the one with the highest number: those of a
    call run together, from the highest to the lowest.
    """
    firsts, lasts = set(), set()
    for call in calls:
        place, end = bisect_left(numbers, call.start), bisect_left(numbers, call.stop)
        if place < end:
            firsts.add(numbers[end - 1])
            lasts.add(numbers[place])
    return firsts, lasts


def storages_of(model: torch.nn.Module) -> set[int]:
    """Return where the parameters and buffers of a module lie: they are there anyway."""
    return {found.storage for tensor in _owned(model) if (found := _saved(tensor)) is not None}


def bytes_by_place(calls: Sequence[Call], nodes: dict[int, Any], known: set[int]) -> dict[int, int]:
    """Return how many bytes the nodes of each place's calls keep, those of inner calls included.

    Views of one storage count once, together at most as the whole storage; those in `known`
    storages not at all. What a checkpoint or a user's hook packed away is not counted, nor is a
    single number.
    """
    kept: defaultdict[int, set[Saved]] = defaultdict(set)
    for call in calls:
        kept[call.place]
    inside = _Innermost(calls)
    for number, node in nodes.items():
        holders = inside.places(number)
        if holders:
            saved = [each for each in saved_by(node) if each.storage not in known]
            for place in holders:
                kept[place].update(saved)
    return {place: _size(saved) for place, saved in kept.items()}


def saved_by(node: Any) -> Iterator[Saved]:
    """Yield what a node keeps for backward, without unpacking it."""
    # A custom Function's class may hold a whole compiled graph: it is not to be remembered.
    kind: Any = type(node)
    for name in ("_raw_saved_tensors",) if is_custom(node) else _names(kind):
        found = getattr(node, name, None)
        for each in found if isinstance(found, (tuple, list)) else (found,):
            tensor = getattr(each, "data", None)
            if isinstance(tensor, Tensor) and (saved := _saved(tensor)) is not None:
                yield saved


class _Innermost:
    """Tells the calls that a node ran in; asked for ascending numbers."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._waiting = [call for call in reversed(calls) if call.stop > call.start]
        self._open: list[Call] = []

    def places(self, number: int) -> list[int]:
        while self._waiting and self._waiting[-1].start <= number:
            self._open.append(self._waiting.pop())
        self._open = [call for call in self._open if call.stop > number]
        return [call.place for call in self._open]


@functools.cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(name for name in dir(kind) if name.startswith("_raw_saved_"))


def _owned(model: torch.nn.Module) -> Iterator[Tensor]:
    yield from model.parameters()
    yield from model.buffers()


def _saved(tensor: Tensor) -> Saved | None:
    """Return a tensor's place in memory, None where it has none of its own (sparse, wrapped)."""
    if tensor.layout is not torch.strided or tensor.dim() == 0:
        return None
    try:
        storage = tensor.untyped_storage()
        start = tensor.data_ptr()
        return Saved(storage.data_ptr(), start, tensor.nbytes, storage.nbytes())
    except (RuntimeError, NotImplementedError):
        return None


def _size(saved: Iterable[Saved]) -> int:
    sizes: defaultdict[tuple[int, int], int] = defaultdict(int)
    for each in saved:
        sizes[each.storage, each.whole] += each.size
    return sum(min(size, whole) for (_, whole), size in sizes.items())


def backward_is_compiled() -> bool:
    """Tell whether compiled autograd is on: a hook on a node would be compiled with it."""
    module = sys.modules.get("torch._dynamo.compiled_autograd")
    return bool(module and getattr(module, "compiled_autograd_enabled", False))
