import sys
from contextlib import suppress
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from vizkit.errors import GraphFileError
from vizkit.importers import onnx_model
from vizkit.importers.onnx_model import NEEDS_ONNX

SHIPPED = Path(onnx.__file__).parent / "backend/test/data/light"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a file that torch's exporter wrote, and its model."""
    from warnings import catch_warnings, simplefilter

    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(16, 2)
    ).eval()
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    with catch_warnings():
        simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(1, 3, 4, 4),), path, dynamo=True, external_data=False, verbose=False
        )
    return path, model


@pytest.mark.slow
def test_what_torch_exports_joins_the_modules(exported, by_id):
    path, model = exported
    graph = onnx_model.read(path)
    nodes = by_id(graph)

    assert {n.name: n.shapes[0] for n in graph.nodes if n.kind == "parameter"} == {
        name: tuple(tensor.shape) for name, tensor in model.named_parameters()
    }
    assert [(n.path, n.op) for n in graph.nodes if n.order >= 0][:2] == [
        ("0", "Conv"),
        ("1", "Relu"),
    ]
    assert ("/", "Sequential") in {(scope.id, scope.op) for scope in graph.scopes}
    assert nodes["/0:Conv"].shapes == ((1, 4, 2, 2),)
    assert dict(nodes["/0:Conv"].attributes)["strides"] == "[1, 1]"


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "squeezenet"])
def test_real_networks_that_the_package_ships(name):
    path = SHIPPED / f"light_{name}.onnx"
    graph = onnx_model.read(path)
    model = onnx.load(path)
    ops = [n for n in model.graph.node if n.op_type != "Constant"]

    assert [n.op for n in graph.nodes if n.order >= 0] == [n.op_type for n in ops]
    assert all(n.shapes for n in graph.nodes if n.order >= 0)  # inferred
    small = {x.name for x in model.graph.initializer if x.data_type == TensorProto.INT64}
    read = [name for node in ops for name in node.input if name not in small]
    assert len(graph.edges) == len(read) + len(model.graph.output)
    assert graph.notes == ()


def value(name, *sizes):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)


def model_of(nodes, inputs, outputs, **rest):
    functions = rest.pop("functions", [])
    graph = helper.make_graph(nodes, "g", inputs, outputs, **rest)
    return helper.make_model(graph, functions=functions).SerializeToString()


def branching():
    yes = helper.make_graph([helper.make_node("Sin", ["x"], ["s"])], "yes", [], [value("s", 2)])
    no = helper.make_graph([helper.make_node("Cos", ["x"], ["s"])], "no", [], [value("s", 2)])
    made = helper.make_node("If", ["c"], ["y"], name="pick", then_branch=yes, else_branch=no)
    flag = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    return model_of([made], [flag, value("x", 2)], [value("y", 2)])


def test_branches_see_what_is_outside(wires):
    graph = onnx_model.read(branching())

    assert wires(graph) == {
        ("input:c", ":If"),
        ("input:x", "/pick.then_branch:Sin"),
        ("input:x", "/pick.else_branch:Cos"),
        ("/pick.then_branch:Sin", ":If"),
        ("/pick.else_branch:Cos", ":If"),
        (":If", "output:y"),
    }


def test_a_function_is_a_scope(wires):
    inner = helper.make_function(
        "mine", "Twice", ["a"], ["b"],
        [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 20)],
    )  # fmt: skip
    call = helper.make_node("Twice", ["x"], ["y"], domain="mine", name="/block/call")
    graph = onnx_model.read(model_of([call], [value("x", 2)], [value("y", 2)], functions=[inner]))

    assert ("input:x", "/block/call.Twice:Add") in wires(graph)
    assert ("/block/call.Twice:Add", "/block:Twice") in wires(graph)
    assert next(n for n in graph.nodes if n.op == "Twice").kind == "function"


def test_small_constants_are_settings_and_weights_elsewhere_are_left_there(by_id):
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [2, 3])
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[6])
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    nodes = [
        helper.make_node("Add", ["x", "w"], ["z"]),
        helper.make_node("Reshape", ["z", "shape"], ["y"]),
    ]
    graph = onnx_model.read(
        model_of(nodes, [value("x", 6)], [value("y", 2, 3)], initializer=[shape, weight])
    )

    assert dict(by_id(graph)[":Reshape"].attributes)["shape"] == "[2, 3]"
    assert by_id(graph)["parameter:w"].parameters == 6


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(GraphFileError, match=r"pip install 'vizkit\[onnx\]'"):
        onnx_model.read(b"\x08\x08")
    assert "vizkit[onnx]" in NEEDS_ONNX


@pytest.mark.parametrize("content", [b"", b"\x08\x0a", b"\x08\x0a\xff\xff", b"hello"])
def test_what_is_none_is_refused(content):
    with pytest.raises(GraphFileError, match="cannot be read as an ONNX model"):
        onnx_model.read(content)


def test_every_cut_is_refused_or_read():
    whole = branching()
    for cut in range(1, len(whole)):
        with suppress(GraphFileError):
            onnx_model.read(whole[:cut])
