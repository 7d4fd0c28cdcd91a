import json
import pickle
from contextlib import suppress

import onnx
import pytest
import torch
from google.protobuf import text_format
from onnx import TensorProto, helper
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.meta_graph_pb2 import MetaGraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from torch import fx, nn

import vizkit
from vizkit.errors import GraphFileError
from vizkit.importers.opening import open_graph
from vizkit.kinds.graph.graph import Graph, Node

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


def graph_def():
    return GraphDef(node=[NodeDef(name="a", op="Relu")])


def saved_model():
    meta = MetaGraphDef(graph_def=graph_def())
    meta.meta_info_def.tags.append("serve")
    content = meta.SerializeToString()
    return b"\x08\x01\x12" + bytes((len(content),)) + content


def pt2(path):
    torch.export.save(torch.export.export(nn.ReLU(), (torch.zeros(2),), strict=False), path)


def run(path):
    with vizkit.Run(path.parent / "run") as logged:
        logged.log({"g": Graph((Node(":a", "op", "a", "a", order=0),), source="caffe")}, 0)
    next((path.parent / "run").glob("*tfevents*")).rename(path)


def onnx_file(path):
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    node = helper.make_node("Relu", ["x"], ["x2"])
    onnx.save(helper.make_model(helper.make_graph([node], "g", [info], [])), path)


KERAS = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
WRITERS = {
    "export": pt2,
    "torchscript": lambda path: torch.jit.script(nn.ReLU()).save(path),
    "fx": lambda path: torch.save(fx.symbolic_trace(nn.Sequential(nn.ReLU())), path),
    "onnx": onnx_file,
    "tensorflow": lambda path: path.write_bytes(graph_def().SerializeToString()),
    "tensorflow text": lambda p: p.write_text(text_format.MessageToString(graph_def())),
    "tensorflow saved": lambda path: path.write_bytes(saved_model()),
    "keras": lambda path: path.write_text(json.dumps(KERAS)),
    "caffe": lambda path: path.write_text('# a comment\nlayer { name: "a" type: "ReLU" top: "b" }'),
    "caffe after a blank line": lambda p: p.write_text('\nlayer { name: "a" type: "R" top: "b" }'),
    "caffe events": run,
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_content_says_what_it_is(name, tmp_path):
    path = tmp_path / "file.txt"  # the name tells nothing
    WRITERS[name](path)

    assert open_graph(path).source == name.split()[0]
    assert open_graph(str(path)) == open_graph(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", bytes(100), b"\x7fELF\x02\x01"])
def test_what_is_none_names_the_forms_or_the_damage(content, tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes(content)

    with pytest.raises(GraphFileError, match=r"Those are: .*\.pt2|cannot be opened"):
        open_graph(path)


def test_a_bare_pickle_is_never_opened(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(print))

    with pytest.raises(GraphFileError, match="only running it could open.*torch.export.save"):
        open_graph(path)


def test_no_file(tmp_path):
    with pytest.raises(GraphFileError, match="does not exist"):
        open_graph(tmp_path / "gone.pt2")


@pytest.mark.parametrize("name", WRITERS)
def test_damage_anywhere_is_one_kind_of_error(name, tmp_path):
    path = tmp_path / "file"
    WRITERS[name](path)
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        for damaged in (whole[:place], whole[:place] + b"\xff\x00\xff" + whole[place + 3 :]):
            path.write_bytes(damaged)
            with suppress(GraphFileError):
                open_graph(path)


@pytest.mark.parametrize("text", [b"\n" * (1 << 20), b"node" + b" " * (1 << 20), b"# " * (1 << 19)])
def test_text_that_means_nothing_is_refused_at_once(text, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(text)

    with pytest.raises(GraphFileError, match="no graph of a known form"):
        open_graph(path)
