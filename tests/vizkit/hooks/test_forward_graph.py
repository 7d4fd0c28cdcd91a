import random

import numpy as np
import pytest
import torch
from torch import nn

from vizkit.hooks.forward_graph import ONE_WAY, forward_graph, tree_graph, untouched


class Odd(nn.Module):
    """Nothing here can be exported, and everything is touched."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(3, 3), nn.Linear(3, 3)
        self.norm, self.drop = nn.BatchNorm1d(3), nn.Dropout()
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x, *, shift=0.0):
        y = self.left(x) if x.sum() > 0 else self.right(x)
        self.count = self.count + 1
        random.random()
        np.random.rand()
        return {"y": self.drop(self.norm(y)).tanh() + shift}


def test_what_one_pass_runs():
    model = Odd()
    graph = forward_graph(model, (torch.ones(4, 3),), {"shift": 1.0}, "why")
    ops = [(node.path, node.op) for node in graph.nodes if node.order >= 0]

    assert ("left", "Addmm") in ops
    assert "right" not in {path for path, _ in ops}
    assert graph.notes[:2] == ("why", ONE_WAY)
    assert {n.kind for n in graph.nodes} == {"op", "parameter", "buffer", "input", "output"}
    assert {n.name for n in graph.nodes if n.state == "unused"} == {"right.weight", "right.bias"}
    assert graph.rolled
    assert not any("watch" in note for note in graph.notes)


def test_nothing_is_changed():
    model = Odd()
    count, before = model.count, {k: v.clone() for k, v in model.state_dict().items()}
    states = [torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()]

    forward_graph(model, (torch.ones(4, 3),), {})

    assert model.count is count
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert (states[2] == np.random.get_state()[1]).all()
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


def test_a_model_that_raises_is_as_before():
    model = Odd()

    def twice():
        with untouched(model):
            model(torch.ones(4, 3))
            model(torch.ones(4, 99))

    with pytest.raises(RuntimeError):
        twice()

    assert model.count == model.norm.num_batches_tracked == 0


def test_the_modules_alone():
    graph = tree_graph(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU())), "why")

    assert {(s.id, s.path, s.op, s.parent) for s in graph.scopes} == {
        ("/", "", "Sequential", ""),
        ("/0", "0", "Linear", "/"),
        ("/1", "1", "Sequential", "/"),
        ("/1/0", "1.0", "ReLU", "/1"),
    }
    assert [n.op for n in graph.nodes if n.kind == "module"] == ["Linear", "ReLU"]
    assert sum(n.parameters for n in graph.nodes) == 6
    assert graph.notes == ("why",)
