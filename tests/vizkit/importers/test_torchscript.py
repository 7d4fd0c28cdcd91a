import warnings

import pytest
import torch
from torch import nn

from vizkit.errors import GraphFileError
from vizkit.importers import torchscript

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.register_buffer("scale", torch.ones(4))

    def forward(self, x):
        return torch.relu(self.fc(x)) * self.scale


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Part(), Part()
        self.several = nn.ModuleList([Part(), Part()])

    def forward(self, x, turns: int = 2):
        y = self.a(x)
        if bool(y.sum() > 0):
            y = self.b(y)
        for part in self.several:
            y = part(y)
        return y, {"first": y}


@pytest.fixture
def saved(tmp_path):
    def save(model, *example):
        path = tmp_path / "model.pt"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = torch.jit.trace(model, example) if example else torch.jit.script(model)
            made.save(path)
        return path

    return save


def test_parameters_and_buffers_are_those_of_the_model(saved):
    model = Whole()
    graph = torchscript.read(saved(model))

    assert {n.name: n.shapes[0] for n in graph.nodes if n.kind in ("parameter", "buffer")} == {
        name: tuple(tensor.shape) for name, tensor in model.state_dict().items()
    }
    assert {n.name for n in graph.nodes if n.kind == "buffer"} == {
        name for name, _ in model.named_buffers()
    }
    assert sum(n.parameters for n in graph.nodes) == sum(p.numel() for p in model.parameters())


def test_calls_branches_and_results(saved, wires):
    graph = torchscript.read(saved(Whole()))

    assert {s.id for s in graph.scopes} == {
        "/", "/a", "/a/fc", "/if", "/if/b", "/if/b/fc",
        "/several.0", "/several.0/fc", "/several.1", "/several.1/fc",
    }  # fmt: skip
    assert wires(graph) >= {
        ("input:x", "/a/fc:linear"),
        ("parameter:b.fc.weight", "/if/b/fc:linear"),
        ("/a:mul", "/if/b/fc:linear"),
        ("/if/b:mul", "/:if"),
        ("/a:mul", "/:if"),
        ("/several.1:mul", "output:0"),
        ("/several.1:mul", "output:1.first"),
    }


def test_a_traced_model(saved, model, by_id):
    graph = torchscript.read(saved(model, torch.zeros(2, 3, 8, 8)))

    assert [(n.path, n.op) for n in graph.nodes if n.order >= 0] == [
        ("0.conv", "_convolution"),
        ("0.norm", "batch_norm"),
        ("0", "relu"),
        ("1.conv", "_convolution"),
        ("1.norm", "batch_norm"),
        ("1", "relu"),
        ("2", "flatten"),
        ("3", "linear"),
    ]
    assert dict(by_id(graph)["/0/conv:_convolution"].attributes)["stride"] == "[2, 2]"


def test_training_decides_which_branch_is_shown(saved):
    ops = [
        [n.op for n in torchscript.read(saved(nn.BatchNorm1d(3).train(mode))).nodes if n.order >= 0]
        for mode in (True, False)
    ]

    assert ops == [["add_", "batch_norm"], ["batch_norm"]]


def test_frozen_parameters(saved, by_id):
    layer = nn.Linear(2, 2)
    layer.weight.requires_grad_(False)
    nodes = by_id(torchscript.read(saved(layer)))

    assert (nodes["parameter:weight"].state, nodes["parameter:bias"].state) == ("frozen", "")


def test_every_cut_of_a_file_is_refused(saved, model):
    whole = saved(model).read_bytes()
    for cut in range(1, len(whole), len(whole) // 40):
        with pytest.raises(GraphFileError):
            torchscript.read(whole[:cut])


def test_what_is_none_is_refused(tmp_path):
    torch.save({"a": 1}, tmp_path / "x.pt")

    with pytest.raises(GraphFileError, match="no code/"):
        torchscript.read(tmp_path / "x.pt")


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_lists_of_parameters_and_several_forms_of_forward(saved, kind):
    graph = torchscript.read(saved(kind(3, 4)))
    read = {edge.src for edge in graph.edges if edge.kind == "parameter"}

    assert read == {f"parameter:{name}" for name, _ in kind(3, 4).named_parameters()}
    assert kind.__name__.lower() in {node.op for node in graph.nodes}
