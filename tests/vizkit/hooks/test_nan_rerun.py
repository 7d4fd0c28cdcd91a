import math

import pytest
import torch
from torch import nn

from vizkit.hooks.graph_walk import LEAF
from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_kept import Kept
from vizkit.hooks.nan_rerun import nodes_before, rerun
from vizkit.hooks.quiet_hook import is_silent

X = torch.randn(8, 4)


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


class Counting(nn.Module):
    """Draws on a buffer that its own forward pass changes."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        return self.fc(x) * self.count


@pytest.mark.parametrize("make", [model, Counting])
def test_a_pass_runs_again_to_the_bit_and_leaves_no_trace(make):
    net = make()
    kept = Kept(net, Guard())
    for _ in range(3):
        first = net(X)
    state = {name: each.clone() for name, each in net.state_dict().items()}
    versions = [each._version for each in net.buffers()]
    numbers = torch.get_rng_state()

    with rerun(net, kept.passes[-1], {}) as again:
        assert is_silent()
        assert torch.equal(again.outputs[0], first)
        torch.autograd.grad(again.outputs[0].sum(), list(net.parameters()))

    kept.remove()
    assert again.cause() is None
    assert all(torch.equal(each, state[name]) for name, each in net.state_dict().items())
    assert [each._version for each in net.buffers()] == versions
    assert torch.equal(torch.get_rng_state(), numbers)
    assert all(each.grad is None for each in net.parameters())


def test_a_backward_pass_of_the_first_still_runs_after_it():
    net = nn.Sequential(nn.BatchNorm1d(4)).eval()
    kept = Kept(net, Guard())
    first = net(X)
    net.train()
    with rerun(net, kept.passes[-1], {}):
        pass
    kept.remove()

    first.sum().backward()


def test_weights_buffers_and_inputs_are_known_by_name():
    net = model()
    kept = Kept(net, Guard())
    with torch.no_grad():
        net[3].bias[0] = math.nan
    net(X)
    names = {id(each): name for name, each in net.named_parameters()}

    with rerun(net, kept.passes[-1], names) as again:
        cause = again.cause()

    kept.remove()
    assert (cause.sort, cause.name, cause.path, cause.node) == ("weight", "3.bias", "3", "/3:Addmm")


def test_nodes_before_are_all_but_leaves():
    net = model()
    found = nodes_before([net(X).sum().grad_fn])

    assert len(found) > 5
    assert not any(isinstance(node, LEAF) for node in found)
