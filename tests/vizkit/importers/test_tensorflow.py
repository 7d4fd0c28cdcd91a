import pytest
from google.protobuf import text_format
from tensorboard.compat.proto.attr_value_pb2 import AttrValue, NameAttrList
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.function_pb2 import FunctionDef, FunctionDefLibrary
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.op_def_pb2 import OpDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from vizkit.errors import GraphFileError
from vizkit.importers import tensorflow

FLOAT = AttrValue(type=1)


def shaped(*sizes):
    dims = [TensorShapeProto.Dim(size=size) for size in sizes]
    return AttrValue(shape=TensorShapeProto(dim=dims))


def node(name, op, *inputs, **attributes):
    return NodeDef(name=name, op=op, input=inputs, attr=attributes)


def dense():
    """Return a layer as TensorFlow 1 writes one; its nodes are not in the order they run in."""
    return GraphDef(
        node=[
            node("dense/MatMul", "MatMul", "x", "dense/kernel/read"),
            node("x", "Placeholder", dtype=FLOAT, shape=shaped(-1, 4)),
            node("dense/kernel", "VariableV2", dtype=FLOAT, shape=shaped(4, 3)),
            node("dense/kernel/read", "Identity", "dense/kernel"),
            node("split", "Split", "dense/MatMul:0", "^x"),
            node("sum", "Add", "split:1", "split"),
        ]
    )


def test_nodes_run_behind_what_they_read(wires):
    graph = tensorflow.read(dense().SerializeToString())

    assert [n.op for n in graph.nodes if n.order >= 0] == ["Identity", "MatMul", "Split", "Add"]
    assert wires(graph) == {
        ("parameter:dense.kernel", "/dense/kernel:Identity"),
        ("/dense/kernel:Identity", "/dense:MatMul"),
        ("input:x", "/dense:MatMul"),
        ("/dense:MatMul", ":Split"),
        (":Split", ":Add"),
    }
    assert graph.source == "tensorflow"


def test_shapes_parameters_scopes_and_outputs(by_id):
    graph = tensorflow.graph_of(dense())
    nodes = by_id(graph)

    assert nodes["parameter:dense.kernel"].parameters == 12
    assert nodes["input:x"].shapes == ((-1, 4),)
    assert nodes["/dense:MatMul"].path == "dense"
    assert [(s.id, s.parent) for s in graph.scopes] == [("/dense", ""), ("/dense/kernel", "/dense")]
    assert {(e.output, e.input) for e in graph.edges if e.dst == ":Add"} == {(1, 0), (0, 1)}


def test_control_dependencies_are_counted():
    assert tensorflow.graph_of(dense()).notes == (
        "1 control dependencies, which carry no values, are not drawn",
    )


def test_text_is_the_same_graph(tmp_path):
    path = tmp_path / "graph.pbtxt"
    path.write_text(text_format.MessageToString(dense()))

    assert tensorflow.read(path) == tensorflow.read(dense().SerializeToString())


def test_a_loop_of_version_1_is_a_cycle(wires):
    proto = GraphDef(
        node=[
            node("zero", "Const"),
            node("while/Merge", "Merge", "zero", "while/Next"),
            node("while/Add", "Add", "while/Merge"),
            node("while/Next", "NextIteration", "while/Add"),
        ]
    )

    assert ("/while:NextIteration", "/while:Merge") in wires(tensorflow.graph_of(proto))


def looping():
    body = FunctionDef(
        signature=OpDef(name="body", input_arg=[OpDef.ArgDef(name="i")]),
        node_def=[node("inc/add", "AddV2", "i", "i")],
        ret={"out": "inc/add:z:0"},
    )
    calls = node("loop", "StatelessWhile", "x", body=AttrValue(func=NameAttrList(name="body")))
    return GraphDef(
        node=[node("x", "Placeholder"), calls], library=FunctionDefLibrary(function=[body])
    )


def test_a_loops_body_is_a_scope(wires):
    graph = tensorflow.graph_of(looping())

    assert ("/loop.body", "body") in {(scope.id, scope.op) for scope in graph.scopes}
    assert wires(graph) == {
        ("input:x", "/loop.body/inc:AddV2"),
        ("input:x", ":StatelessWhile"),
        ("/loop.body/inc:AddV2", ":StatelessWhile"),
    }


def test_a_function_that_calls_itself_ends():
    proto = looping()
    again = node("again", "Call", "i", f=AttrValue(func=NameAttrList(name="body")))
    proto.library.function[0].node_def.append(again)

    assert 16 <= len(tensorflow.graph_of(proto).scopes) <= 64


def test_what_tf_function_was_traced_to():
    record = RunMetadata(
        function_graphs=[RunMetadata.FunctionGraphs(pre_optimization_graph=dense())]
    )

    assert tensorflow.from_run_metadata(record.SerializeToString()) == tensorflow.graph_of(dense())


@pytest.mark.parametrize("content", [b"", b"\xff" * 99, b"node { name: 'a' ", b"hello"])
def test_what_is_none_is_refused(content):
    with pytest.raises(GraphFileError, match="cannot be read as a TensorFlow graph"):
        tensorflow.read(content)
