import pytest
import torch
from torch import fx, nn

from vizkit.hooks.fx_graph import graph_of_fx, graph_of_program
from vizkit.importers import exported, fx_module

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.fc = nn.Linear(4, 4)
        self.register_buffer("shift", torch.ones(4))
        self.fc.bias.requires_grad_(False)

    def forward(self, x, flag=True):
        y = self.block(x).mean((2, 3))
        y = self.fc(self.fc(y)) + self.shift
        return {"y": y, "parts": y.split(2, dim=1), "none": None}


class Branch(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,))


MODELS = {
    "net": (Net(), (torch.zeros(2, 3, 5, 5),)),
    "flag": (Net(), (torch.zeros(2, 3, 5, 5), False)),
    "branch": (Branch(), (torch.ones(3),)),
    "lstm": (nn.LSTM(3, 4), (torch.zeros(2, 1, 3),)),
    "attention": (nn.MultiheadAttention(4, 2), (torch.zeros(3, 1, 4),) * 3),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_program_and_its_file_are_one_graph(name, tmp_path):
    model, inputs = MODELS[name]
    program = torch.export.export(model, inputs, strict=False)
    torch.export.save(program, tmp_path / "x.pt2")

    assert graph_of_program(program) == exported.read(tmp_path / "x.pt2")


class Traced(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        y = self.block(self.block(x)) * self.scale
        return y.sum(), y


def test_a_traced_module():
    graph = graph_of_fx(fx.symbolic_trace(Traced()))
    wires = {(edge.src, edge.dst) for edge in graph.edges}

    assert {(s.path, s.op, s.call) for s in graph.scopes} >= {
        ("", "Traced", 0), ("block", "Sequential", 0), ("block.0", "Linear", 0),
    }  # fmt: skip
    assert wires >= {
        ("parameter:scale", "/:mul"),
        ("/:mul", "/:sum"),
        ("/:mul", "output:1"),
        ("/:sum", "output:0"),
    }
    assert {n.name for n in graph.nodes if n.kind == "parameter"} == {
        name for name, _ in Traced().named_parameters()
    }


def test_a_traced_module_and_its_saved_file_agree(tmp_path):
    module = fx.symbolic_trace(Traced())
    torch.save(module, tmp_path / "x.pt")
    here, there = graph_of_fx(module), fx_module.read(tmp_path / "x.pt")

    assert [n.op for n in here.nodes if n.order >= 0] == [n.op for n in there.nodes if n.order >= 0]
    assert {n.name for n in here.nodes if n.kind == "parameter"} == {
        n.name for n in there.nodes if n.kind == "parameter"
    }
    assert len(here.edges) == len(there.edges)
