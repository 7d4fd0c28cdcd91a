"""What differs between two graphs: added, removed, reshaped and rewired nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vizkit.kinds.graph.graph import Edge, Graph, Node
from vizkit.kinds.graph.matching import matched
from vizkit.kinds.graph.tree import RUNNING, Branch, name, tree_of

Pair = tuple[Node, Node]


@dataclass(frozen=True)
class Difference:
    """How a graph came out of an older one.

    `kept`: (old, new) of each node that is in both; `reshaped` and `rewired` are those of them
    whose shapes, or whose inputs from kept nodes, are not the same any more.
    """

    kept: tuple[Pair, ...] = ()
    added: tuple[Node, ...] = ()
    removed: tuple[Node, ...] = ()
    reshaped: tuple[Pair, ...] = ()
    rewired: tuple[Pair, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing differs."""
        return not (self.added or self.removed or self.reshaped or self.rewired)


def diff(old: Graph, new: Graph) -> Difference:
    """Return what differs; operations are matched call by call in the order they ran.

    A compiled model's are matched by their ids: its kernels are no calls of modules.
    """
    is_compiled = "inductor" in (old.source, new.source)
    if is_compiled:
        pairs = _same_ids(old.nodes, new.nodes)
    else:
        pairs = [*_matched_calls(tree_of(old), tree_of(new)), *_matched_names(old, new)]
    kept_old = {a.id for a, _ in pairs}
    kept_new = {b.id for _, b in pairs}
    return Difference(
        kept=tuple(pairs),
        added=tuple(node for node in new.nodes if node.id not in kept_new),
        removed=tuple(node for node in old.nodes if node.id not in kept_old),
        reshaped=tuple((a, b) for a, b in pairs if a.shapes != b.shapes),
        # Fusion groups operations; who reads from whom stays, but for views that are gone.
        rewired=() if is_compiled else tuple(_rewired(pairs, old, new)),
    )


def with_ids_of(new: Graph, difference: Difference) -> Graph:
    """Return the new graph with the ids that its kept nodes had in the old one."""
    renamed = {b.id: a.id for a, b in difference.kept}
    taken = {*renamed.values(), *(node.id for node in difference.removed)}
    for node in difference.added:
        renamed[node.id] = _free(node.id, taken)
        taken.add(renamed[node.id])
    nodes = (replace(node, id=renamed[node.id]) for node in new.nodes)
    edges = (replace(e, src=renamed[e.src], dst=renamed[e.dst]) for e in new.edges)
    return replace(new, nodes=tuple(nodes), edges=tuple(edges))


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}~{number}", number + 1
    return found


def _matched_calls(old: Branch, new: Branch) -> list[Pair]:
    pairs: list[Pair] = []
    waiting = [(old, new)]
    while waiting:
        a, b = waiting.pop()
        places = matched([name(item) for item in a.items], [name(item) for item in b.items])
        for i, j in places:
            one, other = a.items[i], b.items[j]
            if isinstance(one, Branch) and isinstance(other, Branch):
                pairs += zip(one.nodes(), other.nodes(), strict=True)
            elif isinstance(one, Node) and isinstance(other, Node):
                pairs.append((one, other))
        rest_a = _calls(a.items, {i for i, _ in places})
        rest_b = _calls(b.items, {j for _, j in places})
        paths = matched([call.path for call in rest_a], [call.path for call in rest_b])
        waiting += [(rest_a[i], rest_b[j]) for i, j in paths]
    return pairs


def _calls(items: Sequence[Node | Branch], done: set[int]) -> list[Branch]:
    return [x for place, x in enumerate(items) if isinstance(x, Branch) and place not in done]


def _matched_names(old: Graph, new: Graph) -> list[Pair]:
    """Match parameters, inputs, outputs and losses by their ids."""
    resting = [[n for n in graph.nodes if n.kind not in RUNNING] for graph in (old, new)]
    return _same_ids(*resting)


def _same_ids(old: Iterable[Node], new: Iterable[Node]) -> list[Pair]:
    known = {node.id: node for node in old}
    return [(known[node.id], node) for node in new if node.id in known]


def _rewired(pairs: Iterable[Pair], old: Graph, new: Graph) -> Iterable[Pair]:
    """Yield kept nodes that read from another kept node than before."""
    pairs = list(pairs)
    same = {b.id: a.id for a, b in pairs}
    before, after = _inputs(old.edges), _inputs(new.edges)
    kept = set(same.values())
    for a, b in pairs:
        was = {source for source in before[a.id] if source in kept}
        now = {same[source] for source in after[b.id] if source in same}
        if was != now:
            yield a, b


def _inputs(edges: Iterable[Edge]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        found[edge.dst].append(edge.src)
    return found
