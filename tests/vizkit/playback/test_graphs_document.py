from vizkit.kinds.graph.codec import graph_of
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.playback.graphs_document import compared, document


def loop(turns, op="Tanh"):
    nodes = tuple(Node(f"/c#{k}:{op}", "op", op, op, "c", f"/c#{k}", order=k) for k in range(turns))
    edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
    scopes = tuple(Scope(f"/c#{k}", "c", "Cell", call=k) for k in range(turns))
    return Graph(nodes, edges, scopes)


def test_calls_are_shown_as_they_ran_with_their_repeats():
    record = document(loop(3), "calls")

    assert graph_of(record).nodes == loop(3).nodes
    assert record["counts"] == {}
    (repeat,) = record["repeats"]
    assert (repeat["count"], repeat["turns"]) == (3, (("/c#0",), ("/c#1",), ("/c#2",)))


def test_rolled_each_operation_stands_once_with_its_count():
    record = document(loop(3), "rolled")

    graph = graph_of(record)
    assert [(node.id, node.name) for node in graph.nodes] == [("/c:Tanh", "Tanh")]
    assert [(edge.src, edge.dst) for edge in graph.edges] == [("/c:Tanh", "/c:Tanh")]
    assert record["counts"] == {"/c:Tanh": 3}


def test_a_difference_comes_with_sentences_and_the_nodes_they_speak_of():
    record = compared(loop(2, "Tanh"), loop(3, "Relu"), "rolled")

    assert record["nodes"]["change"] == ["removed", "added"]
    assert record["counts"] == {"/c:Tanh~gone": 2, "/c:Relu": 3}
    assert record["diff"] == {
        "sentences": ["c now runs Relu", "c no longer runs Tanh"],
        "nodes": [["/c:Relu"], ["/c:Tanh~gone"]],
        "added": 1,
        "removed": 1,
        "reshaped": 0,
        "rewired": 0,
    }


def test_equal_graphs_have_no_sentences():
    assert compared(loop(2), loop(2), "calls")["diff"]["sentences"] == []
