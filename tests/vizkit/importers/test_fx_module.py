import pytest
import torch
from torch import fx, nn

from vizkit.errors import GraphFileError
from vizkit.importers import fx_module


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        y = self.parts(x) * self.scale
        return torch.cat([y, y + 1], dim=1).softmax(-1)


@pytest.fixture
def saved(tmp_path):
    def save(value):
        torch.save(value, tmp_path / "model.pt")
        return tmp_path / "model.pt"

    return save


def test_modules_functions_methods_and_operators(saved, wires, by_id):
    graph = fx_module.read(saved(fx.symbolic_trace(Mixed())))

    assert wires(graph) == {
        ("input:x", "/parts.0:Linear"),
        ("parameter:parts.0.weight", "/parts.0:Linear"),
        ("parameter:parts.0.bias", "/parts.0:Linear"),
        ("/parts.0:Linear", "/parts.1:ReLU"),
        ("/parts.1:ReLU", "/:mul"),
        ("parameter:scale", "/:mul"),
        ("/:mul", "/:add"),
        ("/:mul", "/:cat"),
        ("/:add", "/:cat"),
        ("/:cat", "/:softmax"),
        ("/:softmax", "output:0"),
    }
    assert dict(by_id(graph)["/parts.0:Linear"].attributes)["in_features"] == "4"
    assert graph.source == "fx"


def test_one_inside_another(saved, wires):
    outer = nn.Sequential(fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.Tanh())))

    class Leaves(fx.Tracer):
        def is_leaf_module(self, module, name):
            return True

    graph = fx_module.read(saved(fx.GraphModule(outer, Leaves().trace(outer))))

    assert ("/0/0.0:Linear", "/0/0.1:Tanh") in wires(graph) or (
        "/0/0:Linear",
        "/0/1:Tanh",
    ) in wires(graph)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"weight": 1}, "weights only"),
        (nn.Linear(2, 2), "class 'Linear', no graph.*torch.export.save"),
        (3, "class 'int', no graph"),
    ],
)
def test_what_has_no_graph_says_what_to_do(saved, value, told):
    with pytest.raises(GraphFileError, match=told):
        fx_module.read(saved(value))
