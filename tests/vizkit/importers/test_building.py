import pytest

from vizkit.importers import building
from vizkit.importers.building import UNKNOWN, Building
from vizkit.kinds.graph.graph import Edge


def test_values_carry_their_shapes_along_the_edges():
    made = Building("onnx")
    made.input("x", (2, 3), "float32")
    made.stored("parameter", "fc.weight", (4, 3), "float32")
    made.running("linear", "", ["y"], ["x", "fc.weight"], shapes=[(2, 4)])
    made.output("y", "y")
    graph = made.graph()

    assert graph.edges == (
        Edge("input:x", ":linear", 0, 0, (2, 3), "data"),
        Edge("parameter:fc.weight", ":linear", 0, 1, (4, 3), "parameter"),
        Edge(":linear", "output:y", 0, 0, (2, 4), "data"),
    )
    assert [node.parameters for node in graph.nodes] == [0, 0, 12, 0]


def test_what_runs_comes_first_and_in_order():
    made = Building("onnx")
    made.input("x", None)
    made.running("relu")
    made.running("relu")

    assert [(n.id, n.order) for n in made.graph().nodes] == [
        (":relu", 0),
        (":relu.1", 1),
        ("input:x", -1),
    ]


def test_a_name_that_is_bound_again_leaves_earlier_readers_alone():
    made = Building("caffe")
    made.input("data", None)
    made.running("relu", "", ["data"], ["data"])
    made.running("fc", "", ["out"], ["data"])

    assert [(e.src, e.dst) for e in made.graph().edges] == [
        ("input:data", ":relu"),
        (":relu", ":fc"),
    ]


def test_a_loop_reads_what_comes_later():
    made = Building("tensorflow")
    made.running("merge", "", ["m"], ["next"])
    made.running("add", "", ["next"], ["m"])

    assert {(e.src, e.dst) for e in made.graph().edges} == {(":merge", ":add"), (":add", ":merge")}


def test_what_is_read_from_nowhere_is_told():
    made = Building("onnx")
    made.running("relu", "", [], ["gone"])
    graph = made.graph()

    assert graph.edges == ()
    assert graph.notes == ("1 inputs read from what the file does not hold",)


def test_scopes_are_named_as_those_of_captured_calls():
    made = Building("export")
    root = made.scope("", "", "Net")
    block = made.scope(root, "block", "Block", path="block")
    again = made.scope(root, "block", "Block", path="block", call=1)
    assert made.scope(block, "fc") == made.scope(block, "fc") == "/block/fc"

    assert [(scope.id, scope.parent) for scope in made.graph().scopes] == [
        (root, ""),
        ("/block", "/"),
        (again, "/"),
        ("/block/fc", "/block"),
    ]


def test_open_sizes_count_no_parameters():
    made = Building("onnx")
    made.stored("parameter", "w", (UNKNOWN, 3))

    assert made.graph().nodes[0].parameters == 0


def test_too_many_nodes_are_refused(monkeypatch):
    monkeypatch.setattr(building, "MOST_NODES", 2)
    made = Building("onnx")
    made.running("relu")
    made.running("relu")

    with pytest.raises(ValueError, match="more than 2 nodes"):
        made.running("relu")
