"""Repeats: equal neighbouring calls as "x12", and loops rolled up to one turn with its count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.tree import RUNNING, Branch, token, tree_of

LEAST = 2
LONGEST = 64
"""Items of one turn of a repeat that are looked for."""


@dataclass(frozen=True)
class Repeat:
    """`count` equal turns in one call: the items (ids of nodes and scopes) of each turn, in order.

    `scope`: the call that runs them, "" for the outermost.
    """

    scope: str
    count: int
    turns: tuple[tuple[str, ...], ...]


def repeats(graph: Graph) -> tuple[Repeat, ...]:
    """Return what repeats directly after itself, outer calls first; unfold by its `turns`."""
    found: list[Repeat] = []
    waiting = [tree_of(graph)]
    for branch in waiting:
        scope = branch.scope.id if branch.scope else ""
        names = [_id(item) for item in branch.items]
        for start, period, count in tandems([token(item) for item in branch.items]):
            stops = range(start, start + period * count, period)
            turns = tuple(tuple(names[stop : stop + period]) for stop in stops)
            found.append(Repeat(scope, count, turns))
        waiting += [item for item in branch.items if isinstance(item, Branch)]
    return tuple(found)


def tandems(tokens: Sequence[object]) -> list[tuple[int, int, int]]:
    """Return (start, period, count) of runs that repeat at least twice; the longest win."""
    seen: dict[object, int] = {}
    tokens = [seen.setdefault(token, len(seen)) for token in tokens]  # numbers compare faster
    if len(seen) == len(tokens):
        return []
    found = []
    for period in range(1, min(LONGEST, len(tokens) // LEAST) + 1):
        found += [run for run in _runs(tokens, period) if _is_worth_it(run)]
    found.sort(key=lambda run: (-run[1] * (run[2] - 1), run[1], run[0]))
    taken: set[int] = set()
    kept = []
    for start, period, count in found:
        places = range(start, start + period * count)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append((start, period, count))
    return sorted(kept)


def rolled(graph: Graph) -> Graph:
    """Return the graph with each operation of a module once, however often it ran.

    Loops become cycles. `name` tells how often: "Tanh x24". Calls are one scope per path.
    """
    counts = Counter(_key(node) for node in graph.nodes)
    first: dict[str, Node] = {}
    for node in graph.nodes:
        first.setdefault(_key(node), node)
    names = {node.id: _key(node) for node in graph.nodes}
    nodes = tuple(_rolled_node(key, node, counts[key]) for key, node in first.items())
    return replace(
        graph, nodes=nodes, edges=_rolled_edges(graph.edges, names), scopes=_rolled_scopes(graph)
    )


def counts_of(graph: Graph) -> dict[str, int]:
    """Return how often each node of the rolled graph ran, by its id there."""
    return dict(Counter(_key(node) for node in graph.nodes))


def rolled_id(node: Node) -> str:
    """Return the id of a node in the rolled graph: its path and operation."""
    return _key(node)


def _id(item: Node | Branch) -> str:
    if isinstance(item, Node):
        return item.id
    return item.scope.id if item.scope else ""


def _runs(tokens: Sequence[object], period: int) -> Iterable[tuple[int, int, int]]:
    start = None
    for place in range(len(tokens) - period + 1):
        same = place + period < len(tokens) and tokens[place] == tokens[place + period]
        if same and start is None:
            start = place
        elif not same and start is not None:
            yield start, period, (place - start) // period + 1
            start = None


def _is_worth_it(run: tuple[int, int, int]) -> bool:
    return run[2] >= LEAST


def _key(node: Node) -> str:
    return f"{_rolled_scope(node)}:{node.op}" if node.kind in RUNNING else node.id


def _rolled_scope(node: Node) -> str:
    """Return one scope for all calls of a module, "" outside."""
    return f"/{node.path}" if node.scope else ""


def _rolled_node(key: str, node: Node, count: int) -> Node:
    name = f"{node.name} x{count}" if count > 1 else node.name
    return replace(node, id=key, name=name, scope=_rolled_scope(node))


def _rolled_edges(edges: Iterable[Edge], names: dict[str, str]) -> tuple[Edge, ...]:
    found: defaultdict[tuple[str, str], Edge] = defaultdict()
    for edge in edges:
        ends = names[edge.src], names[edge.dst]
        found.setdefault(ends, replace(edge, src=ends[0], dst=ends[1]))
    return tuple(found.values())


def _rolled_scopes(graph: Graph) -> tuple[Scope, ...]:
    names = {scope.id: f"/{scope.path}" for scope in graph.scopes}
    found: dict[str, Scope] = {}
    for scope in graph.scopes:
        name, parent = names[scope.id], names.get(scope.parent, "")
        # A module that calls itself is no call inside itself here.
        parent = "" if parent == name else parent
        found.setdefault(name, replace(scope, id=name, parent=parent))
    return tuple(found.values())
