from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.playback.graphs_merged import merge


def op(name, path="", scope="", order=0, shapes=(), number=""):
    return Node(f"{scope}:{name}{number}", "op", name, name, path, scope, shapes, order=order)


def chain(*nodes, scopes=(), more=()):
    edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
    return Graph((*nodes, *more), edges, scopes)


A, B = Scope("/a", "a", "A"), Scope("/b", "b", "B")
FIRST, LAST = op("Mul"), op("Mean", order=2)
OLD = chain(FIRST, op("Relu", "a", "/a", 1), LAST, scopes=(A,))
NEW = chain(FIRST, op("Tanh", "b", "/b", 1), LAST, scopes=(B,))


def changes(merged):
    return dict(
        zip((node.id for node in merged.graph.nodes), merged.nodes, strict=True),
    )


def edge_changes(merged):
    ends = (f"{edge.src} -> {edge.dst}" for edge in merged.graph.edges)
    return dict(zip(ends, merged.edges, strict=True))


def test_what_was_removed_is_drawn_where_it_ran():
    merged = merge(OLD, NEW)

    assert changes(merged) == {
        ":Mul": "",
        "/a:Relu~gone": "removed",
        "/b:Tanh": "added",
        ":Mean": "",
    }
    assert [node.order for node in merged.graph.nodes] == [0, 1, 2, 3]
    assert merged.ids == {"/a:Relu": "/a:Relu~gone"}


def test_edges_say_whether_they_are_new_or_gone():
    assert edge_changes(merge(OLD, NEW)) == {
        ":Mul -> /b:Tanh": "added",
        "/b:Tanh -> :Mean": "added",
        ":Mul -> /a:Relu~gone": "removed",
        "/a:Relu~gone -> :Mean": "removed",
    }


def test_the_call_of_a_removed_node_comes_with_it():
    scopes = merge(OLD, NEW).graph.scopes

    assert [scope.id for scope in scopes] == ["/b", "/a"]


def test_a_removed_node_stays_in_the_call_that_is_left():
    kept = [op("Sin", "a", "/a#1", 0), op("Cos", "a", "/a#1", 1), op("Abs", "a", "/a#1", 2)]
    here = [op("Sin", "a", "/a", 0), op("Cos", "a", "/a", 1)]
    old = chain(*kept, scopes=(Scope("/a#1", "a", "A", call=1),))
    new = chain(*here, scopes=(A,))

    merged = merge(old, new)

    (ghost,) = [node for node in merged.graph.nodes if node.id.endswith("~gone")]
    assert ghost.scope == "/a"
    assert merged.graph.scopes == (A,)


def test_ghosts_never_take_an_id_of_the_newer_graph():
    gone = op("Relu", "a", "/a")
    taken = Node("/a:Relu~gone", "op", "Other", "Other", scope="/a", path="a")

    merged = merge(chain(gone, scopes=(A,)), chain(taken, scopes=(A,)))

    assert merged.ids == {"/a:Relu": "/a:Relu~gone2"}
    assert len({node.id for node in merged.graph.nodes}) == 2


def test_new_shapes_and_new_inputs_are_told_apart():
    old = chain(op("Mul", shapes=((4,),)), op("Sin", order=1), op("Cos", order=2))
    new = Graph(
        (op("Mul", shapes=((8,),)), op("Sin", order=1), op("Cos", order=2)),
        (Edge(":Mul", ":Sin"), Edge(":Mul", ":Cos")),
    )

    assert changes(merge(old, new)) == {":Mul": "reshaped", ":Sin": "", ":Cos": "rewired"}


def test_a_parameter_that_is_gone_comes_last():
    weight = Node("parameter:w", "parameter", "Parameter", "w")

    merged = merge(chain(FIRST, LAST, more=(weight,)), chain(FIRST, LAST))

    assert [node.id for node in merged.graph.nodes][-1] == "parameter:w~gone"
    assert merged.graph.nodes[-1].order == -1


def test_two_equal_graphs_have_no_changes():
    merged = merge(OLD, OLD)

    assert set(merged.nodes) == set(merged.edges) == {""}
    assert merged.graph.scopes == OLD.scopes
