"""How the logged graph calls what a step ran, so that numbers can be put there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vizkit.hooks.graph_build import graph_and_ids_of
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_values import Key
from vizkit.kinds.graph.diff import diff
from vizkit.kinds.graph.graph import Graph


@dataclass(frozen=True)
class Names:
    """Ids in the logged graph: of each key, and of each loss with the node that it is read from."""

    ids: Mapping[Key, str]
    losses: Sequence[tuple[str, str]] = ()


def names_of(passes: Sequence[Pass], inventory: Inventory, logged: Graph) -> Names:
    """Return the names of what these passes ran; what the logged graph lacks has none."""
    graph, ids = graph_and_ids_of(passes, inventory, logged.rolled)
    known = {new.id: old.id for old, new in diff(logged, graph).kept}
    made = {edge.dst: edge.src for edge in graph.edges}
    losses = [node.id for node in graph.nodes if node.kind == "loss"]
    return Names(
        {key: known[name] for key, name in ids.items() if name in known},
        [(known.get(loss, ""), known.get(made.get(loss, ""), "")) for loss in losses],
    )


def look_of(passes: Sequence[Pass]) -> int:
    """Return a number that is equal for passes whose operations have the same names."""
    return hash(
        tuple(
            (
                tuple([(s.op, s.inputs, s.leaf, s.sequence < 0) for s in each.trace.steps]),
                tuple([(o.name, o.inputs, o.call, o.stop - o.start) for o in each.ops or ()]),
                tuple([(call.path, call.parent) for call in each.calls or ()]),
            )
            for each in passes
        )
    )
