"""Walking the autograd graph of a loss: its signature in half a microsecond a node.

Everything is read and let go again: a walk keeps no node, and so no tensor, alive.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import torch

DEEPEST = 20_000
"""Nodes that are touched on the main thread. Freeing a chain that Python touched recurses in C++:
50,000 nodes overflow a stack of 8 MB, 3,000 one of 512 kB."""

DEEPEST_ELSEWHERE = 1_000
STACK = 8 << 20

LEAF: Any = type(torch.ones(1, requires_grad=True).expand(2).grad_fn.next_functions[0][0])  # type: ignore[union-attr]
"""AccumulateGrad: where a parameter enters."""

_named: set[type] = set()
"""Classes of nodes that stand for one operation each."""

Names = Mapping[int, str]
"""The name of each known parameter by its id."""


@dataclass(frozen=True)
class Survey:
    """What a walk saw. `topology` is a hash of this process: of every node and where it reads.

    `pairs`: which kind of node reads which, and the parameters' names; it is the same however often
    loops ran. `old`: nodes made before the step began. `strange`: unknown parameters were met.
    """

    topology: int
    pairs: Set[Any]
    nodes: int
    old: int = 0
    strange: bool = False
    too_deep: bool = False


def sequence_number() -> int:
    """Return the number that this thread's next autograd node will get."""
    return torch.autograd._get_sequence_nr()  # type: ignore[attr-defined]


def deepest() -> int:
    """Return how many nodes this thread's stack lets us touch."""
    is_main = threading.get_ident() == threading.main_thread().ident
    return _deepest_on_main() if is_main else DEEPEST_ELSEWHERE


def survey(roots: Sequence[Any], names: Names, most: int, since: int) -> Survey:
    """Walk from the `grad_fn`s of losses, breadth first, over at most `most` nodes."""
    order = list(roots)
    index = {node: place for place, node in enumerate(order)}
    topology, old, strange = 0, 0, False
    pairs: set[Any] = set()
    named = _named
    for node in order:
        if len(order) > most:
            return Survey(topology, pairs, len(order), old, strange, too_deep=True)
        kind = type(node)
        if kind is LEAF:
            variable = node.variable
            name = names.get(id(variable), "")
            strange = strange or (not name and isinstance(variable, torch.nn.Parameter))
            pairs.add(name)
            topology = hash((topology, name))
            continue
        if node._sequence_nr() < since:
            old += 1
        if kind not in named:
            kind = _kind_of(node)
        wiring: list[Any] = [kind]
        for source, output in node.next_functions:
            place = index.get(source)
            if place is None:
                if source is None:
                    wiring.append(None)
                    continue
                place = index[source] = len(order)
                order.append(source)
            wiring.append(place << 8 | output)
            other = type(source)
            pairs.add((kind, other if other in named else _kind_of(source)))
        topology = hash((topology, *wiring))
    return Survey(topology, pairs, len(order), old, strange)


def _kind_of(node: Any) -> Any:
    """Return what tells an operation from others: the node's class, or its name in C++."""
    if type(node).__name__ == "CppFunction":
        return node.name()
    _named.add(type(node))
    return type(node)


def is_custom(node: Any) -> bool:
    """Tell whether the node is of a `torch.autograd.Function`."""
    return isinstance(node, torch.autograd.function.BackwardCFunction)


@functools.cache
def _deepest_on_main() -> int:
    return max(DEEPEST_ELSEWHERE, int(DEEPEST * min(1.0, _stack_size() / STACK)))


def _stack_size() -> float:
    if sys.platform == "win32":
        return 1 << 20
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return float("inf") if soft == resource.RLIM_INFINITY else float(soft)
