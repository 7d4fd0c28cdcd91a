"""Small graphs written by hand."""

import pytest

from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope


def chain(*ops, path="fc", shape=(2, 3), scope="/fc"):
    """Return operations of one module call, each reading the one before."""
    seen = {}
    nodes = []
    for order, op in enumerate(ops):
        seen[op] = seen.get(op, -1) + 1
        name = f"{scope}:{op}" + (f".{seen[op]}" if seen[op] else "")
        nodes.append(Node(name, "op", op, op, path, scope, (shape,), ("float32",), order=order))
    edges = [Edge(a.id, b.id, shape=shape) for a, b in zip(nodes, nodes[1:], strict=False)]
    scopes = (Scope("/", "", "Net"), Scope(scope, path, "Linear", "/"))
    return Graph(tuple(nodes), tuple(edges), scopes)


def loop(turns, shape=(2, 3)):
    """Return a cell that is called `turns` times, each call reading the one before."""
    nodes, edges, scopes = [], [], [Scope("/", "", "Net")]
    for turn in range(turns):
        scope = f"/cell#{turn}" if turn else "/cell"
        scopes.append(Scope(scope, "cell", "Cell", "/", turn))
        for op in ("Add", "Tanh"):
            order = len(nodes)
            nodes.append(Node(f"{scope}:{op}", "op", op, op, "cell", scope, (shape,), order=order))
            if order:
                edges.append(Edge(nodes[-2].id, nodes[-1].id, shape=shape))
    return Graph(tuple(nodes), tuple(edges), tuple(scopes))


@pytest.fixture(name="chain")
def _chain():
    return chain


@pytest.fixture(name="loop")
def _loop():
    return loop
