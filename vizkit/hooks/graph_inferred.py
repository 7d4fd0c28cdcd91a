"""Edges that autograd does not know, told by module calls: inputs, frozen and hidden parts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_join import Joined
from vizkit.hooks.graph_scopes import Scopes
from vizkit.kinds.graph.graph import Edge, Node, Shape

TURNS_WEIGHTS = ("T", "Transpose", "Permute")
"""Operations that a layer begins with although its input does not go there."""


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    `called`: the calls that show. `call_of`, `ids`: the call and the node's id of each step.
    `module_ids`: of calls that are a node themselves, since autograd saw nothing in them.
    """

    joined: Joined
    called: Sequence[int]
    call_of: Mapping[int, int]
    ids: Mapping[int, str]
    module_ids: Mapping[int, str]
    scopes: Scopes

    @cached_property
    def entries(self) -> dict[int, str]:
        """Return by call the operation that its input enters: the first that reads a constant."""
        steps, leaves = self.joined.steps, self.scopes.leaves()
        found: dict[int, str] = {}
        second: dict[int, str] = {}
        for place in sorted(self.call_of, key=lambda place: steps[place].sequence):
            call = self.call_of[place]
            if call in leaves:
                if steps[place].op not in TURNS_WEIGHTS:
                    second.setdefault(call, self.ids[place])
                if None in steps[place].inputs:
                    found.setdefault(call, self.ids[place])
        return second | found

    @cached_property
    def by_number(self) -> dict[int, str]:
        """Return the operation with each sequence number."""
        return {self.joined.steps[place].sequence: self.ids[place] for place in self.call_of}


def made_nothing(call: Call) -> bool:
    """Tell whether autograd knows nothing of what a call made."""
    if call.same:
        return False
    if not call.results:
        return not call.grad
    return all(number < 0 for number, *_ in call.results)


def hidden_parameters(layout: Layout, parameters: Iterable[Node]) -> list[Edge]:
    """Return what functions use of modules they call: autograd does not look into a function."""
    steps, by_path = layout.joined.steps, _by_path(parameters)
    functions = sorted((steps[place].sequence, layout.ids[place]) for place in _custom(layout))
    numbers = [number for number, _ in functions]
    found: dict[tuple[str, str], Edge] = {}
    for at in layout.called:
        call = layout.joined.calls[at]
        # A function takes its number just before it runs.
        inside = bisect_left(numbers, call.start) - 1
        for node in by_path[call.path] if call.hidden and inside >= 0 else ():
            if not node.state:
                function = functions[inside][1]
                edge = Edge(node.id, function, shape=_shape(node), kind="hidden")
                found.setdefault((node.id, function), edge)
    return list(found.values())


def parameters_of_modules(layout: Layout, parameters: Iterable[Node]) -> list[Edge]:
    """Return what calls that are one node read: their modules' own parameters."""
    by_path = _by_path(parameters)
    return [
        Edge(node.id, name, shape=_shape(node), kind="parameter")
        for at, name in layout.module_ids.items()
        for node in by_path[layout.joined.calls[at].path]
    ]


def ways_between_calls(layout: Layout) -> list[Edge]:
    """Return the way of inputs into operations, and through calls that are one node."""
    found: dict[tuple[str, str], Edge] = {}
    for at in layout.called:
        target = layout.module_ids.get(at) or layout.entries.get(at, "")
        for source in layout.joined.calls[at].sources if target else ():
            origin, shape = _origin(layout, source, into_module=at in layout.module_ids)
            if origin and origin != target:
                edge = Edge(origin, target, shape=shape, kind="inferred")
                found.setdefault((origin, target), edge)
    return list(found.values())


def _origin(layout: Layout, source: int, *, into_module: bool) -> tuple[str, Shape]:
    """Return the node that made a call's input; "" where autograd knows the edge better."""
    if source < 0:
        return f"input:{-1 - source}", layout.joined.inputs[-1 - source][0]
    if layout.joined.calls[source].hidden and not into_module:
        return "", ()
    results = layout.joined.calls[source].results
    shape = results[0][2] if results else ()
    if source in layout.module_ids:
        return layout.module_ids[source], shape
    numbers = [number for number, *_ in results] if into_module else []
    return next((layout.by_number[n] for n in numbers if n in layout.by_number), ""), shape


def _custom(layout: Layout) -> list[int]:
    return [place for place in layout.call_of if layout.joined.steps[place].custom]


def _by_path(parameters: Iterable[Node]) -> defaultdict[str, list[Node]]:
    found: defaultdict[str, list[Node]] = defaultdict(list)
    for node in parameters:
        found[node.path].append(node)
    return found


def _shape(node: Node) -> Shape:
    return node.shapes[0] if node.shapes else ()
