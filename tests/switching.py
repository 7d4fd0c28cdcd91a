"""Graphs and records of them that tests of reading graphs share."""

from __future__ import annotations

from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.versions import STEPS_TAG, VERSION_TAG, Form, Stretch, Version


def branch(path: str) -> Graph:
    """Return the graph of a step that took the branch `path`; its signature is the path too."""
    names = ((":Mul", "Mul", "", ""), (f"/{path}:Tanh", "Tanh", path, f"/{path}"))
    nodes = tuple(
        Node(id, "op", op, op, where, scope, ((4, 8),), order=k)
        for k, (id, op, where, scope) in enumerate(names)
    )
    return Graph(
        nodes, (Edge(nodes[0].id, nodes[1].id),), (Scope(f"/{path}", path, "Linear"),), rolled=path
    )


def switching(switch: int = 100, last: int = 199) -> dict[str, list[tuple[int, object]]]:
    """Return the records of a run that took branch a, and b from step `switch` on."""
    a, b = switch, last - switch + 1
    return {
        VERSION_TAG: [
            (0, Version(0, branch("a"))),
            (switch, Version(switch, branch("b"), "a", ("b now runs Tanh",))),
        ],
        STEPS_TAG: [
            (a - 1, Stretch(0, a - 1, (Form("a", a, 0, a - 1),), turns=((0, 0),))),
            (last, Stretch(a, last, (Form("b", b, a, last),), turns=((a, 0),))),
        ],
    }
