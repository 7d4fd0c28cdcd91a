from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef

from vizkit.events.frames import header
from vizkit.events.graph_defs import graph_def, graph_def_record
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope

NET = Graph(
    nodes=(
        Node("/fc:Addmm", "op", "Addmm", "Addmm", "fc", "/fc", ((2, 4),), ("float32",), order=0),
        Node("/fc#1:Addmm", "op", "Addmm", "Addmm", "fc", "/fc#1", source="net.py:3", order=1),
        Node(":Mean", "op", "Mean", "Mean", order=2),
        Node("loss:0", "loss", "Loss", "loss"),
        Node("parameter:fc.weight", "parameter", "Parameter", "fc.weight", "fc", shapes=((4, 3),)),
    ),
    edges=(
        Edge("parameter:fc.weight", "/fc:Addmm", 0, 2),
        Edge("/fc:Addmm", "/fc#1:Addmm", 1, 1),
        Edge("parameter:fc.weight", "/fc#1:Addmm", 0, 0),
        Edge("/fc#1:Addmm", ":Mean"),
        Edge(":Mean", "loss:0"),
    ),
    scopes=(
        Scope("/", "", "Net"),
        Scope("/fc", "fc", "Linear", "/"),
        Scope("/fc#1", "fc", "Linear", "/", 1),
    ),
)


def test_names_nest_like_the_modules():
    assert {node.name: list(node.input) for node in graph_def(NET).node} == {
        "Net/fc/Addmm": ["Net/fc/weight"],
        "Net/fc_1/Addmm": ["Net/fc/weight", "Net/fc/Addmm:1"],
        "Mean": ["Net/fc_1/Addmm"],
        "loss_0": ["Mean"],
        "Net/fc/weight": [],
    }


def test_shapes_and_source_lines_go_along():
    first, second, *_ = graph_def(NET).node

    (shape,) = first.attr["_output_shapes"].list.shape
    assert [dim.size for dim in shape.dim] == [2, 4]
    assert first.attr["dtype"].s == b"float32"
    assert second.attr["source"].s == b"net.py:3"


def test_no_two_nodes_have_one_name_nor_that_of_a_module():
    nodes = tuple(
        Node(name, "op", "Mul", "Mul", scope=scope)
        for name, scope in ((":fc", ""), ("/:fc", "/"), ("odd", ""), ("/fc:x", "/fc"))
    )
    names = [node.name for node in graph_def(Graph(nodes, scopes=NET.scopes)).node]

    assert len(set(names)) == 4
    assert {"Net", "Net/fc"}.isdisjoint(names)


def test_the_record_says_who_wrote_it():
    record = graph_def_record(NET, 7, 1.5)
    event = Event.FromString(record[len(header(0)) : -4])

    assert (event.step, event.wall_time, event.source_metadata.writer) == (7, 1.5, "vizkit")
    assert GraphDef.FromString(event.graph_def) == graph_def(NET)
