"""Two graphs drawn as one: the newer with what it lost as ghosts, marked by its changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from vizkit.kinds.graph.diff import Difference, diff
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.tree import RUNNING


@dataclass(frozen=True)
class Merged:
    """`graph` holds the nodes and edges of both; `nodes` and `edges` say how each changed.

    A change is "", "added", "removed", "reshaped" or "rewired". Kept nodes have the ids of the
    newer graph, removed ones others than any of these: `ids` has them by their old ids.
    """

    graph: Graph
    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    difference: Difference
    ids: Mapping[str, str]


def merge(old: Graph, new: Graph) -> Merged:
    """Return both graphs as one."""
    difference = diff(old, new)
    ids = _ids(new, difference)
    scopes = _Scopes(old, new, difference)
    ghosts = {
        node.id: replace(node, id=ids[node.id], scope=scopes.of(node.scope))
        for node in difference.removed
    }
    nodes = _interleaved(old.nodes, new.nodes, ids, ghosts)
    gone, made = _edges(old.edges, new.edges, ids)
    graph = replace(
        new,
        nodes=tuple(nodes),
        edges=(*new.edges, *gone),
        scopes=(*new.scopes, *scopes.added),
    )
    changes = _changes(difference, ids)
    return Merged(
        graph,
        tuple(changes.get(node.id, "") for node in nodes),
        (*("added" if edge in made else "" for edge in new.edges), *("removed" for _ in gone)),
        difference,
        {node.id: ids[node.id] for node in difference.removed},
    )


def _ids(new: Graph, difference: Difference) -> dict[str, str]:
    """Return the id in the merged graph of each node of the old one."""
    ids = {a.id: b.id for a, b in difference.kept}
    taken = {node.id for node in new.nodes}
    for node in difference.removed:
        ids[node.id] = _free(f"{node.id}~gone", taken)
        taken.add(ids[node.id])
    return ids


def _free(name: str, taken: Iterable[str]) -> str:
    numbered = (f"{name}{number}" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


class _Scopes:
    """Finds the call in the newer graph in which a removed node is drawn."""

    def __init__(self, old: Graph, new: Graph, difference: Difference) -> None:
        self.added: list[Scope] = []
        self._old = {scope.id: scope for scope in old.scopes}
        self._taken = {scope.id for scope in new.scopes}
        self._same = _same_calls(self._old, {s.id: s for s in new.scopes}, difference)

    def of(self, scope: str) -> str:
        """Return the id of the scope that stands for a scope of the old graph."""
        if scope == "" or scope not in self._old:
            return ""
        if scope not in self._same:
            self._same[scope] = scope if scope in self._taken else self._add(scope)
        return self._same[scope]

    def _add(self, scope: str) -> str:
        self._taken.add(scope)
        known = self._old[scope]
        self.added.append(replace(known, parent=self.of(known.parent)))
        return scope


def _same_calls(
    old: Mapping[str, Scope], new: Mapping[str, Scope], difference: Difference
) -> dict[str, str]:
    """Return which calls are the same one, by the nodes in them that were kept."""
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for a, b in difference.kept:
        was, now = a.scope, b.scope
        while was in old and now in new:
            votes[was][now] += 1
            was, now = old[was].parent, new[now].parent
    return {was: found.most_common(1)[0][0] for was, found in votes.items()}


def _interleaved(
    old: Sequence[Node], new: Sequence[Node], ids: Mapping[str, str], ghosts: Mapping[str, Node]
) -> list[Node]:
    """Return the nodes in the order they ran, removed ones behind what ran before them."""
    behind: defaultdict[str, list[Node]] = defaultdict(list)
    last = ""
    for node in old:
        if node.id in ghosts:
            behind[last if node.kind in RUNNING else "~"].append(ghosts[node.id])
        elif node.kind in RUNNING:
            last = ids[node.id]
    nodes = list(behind[""])
    for node in new:
        nodes += [node, *behind.get(node.id, ())]
    order = count()
    nodes += behind["~"]
    return [replace(node, order=next(order)) if node.order >= 0 else node for node in nodes]


def _edges(
    old: Iterable[Edge], new: Sequence[Edge], ids: Mapping[str, str]
) -> tuple[list[Edge], set[Edge]]:
    """Return the edges that are gone, between merged ids, and those of the new ones just made."""
    before = [replace(edge, src=ids[edge.src], dst=ids[edge.dst]) for edge in old]
    was = {(edge.src, edge.dst) for edge in before}
    now = {(edge.src, edge.dst) for edge in new}
    gone = {(edge.src, edge.dst): edge for edge in before if (edge.src, edge.dst) not in now}
    return list(gone.values()), {edge for edge in new if (edge.src, edge.dst) not in was}


def _changes(difference: Difference, ids: Mapping[str, str]) -> dict[str, str]:
    changes = {node.id: "added" for node in difference.added}
    changes.update({ids[node.id]: "removed" for node in difference.removed})
    changes.update({node.id: "reshaped" for _, node in difference.reshaped})
    changes.update({node.id: "rewired" for _, node in difference.rewired})
    return changes
