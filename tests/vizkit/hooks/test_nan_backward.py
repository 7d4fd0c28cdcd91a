import math

import torch
from torch import nn

from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_backward import GUESSED, backward_cause
from vizkit.hooks.nan_kept import Kept
from vizkit.hooks.nan_rerun import rerun

X = torch.tensor([[0.0, 1.0], [2.0, 3.0]])


class Root(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.fc, self.act = nn.Linear(2, 2, bias=False), act
        nn.init.eye_(self.fc.weight)

    def forward(self, x):
        return self.act(self.fc(x))


def masked(x):
    return torch.where(x > 0, x.sqrt(), x)


def cause(act, *, backward=True, scale=1.0):
    model = Root(act)
    kept = Kept(model, Guard())
    output = model(X)
    if backward:
        (output * scale).sum().backward()
    before = {name: p.grad for name, p in model.named_parameters()}
    with rerun(model, kept.passes[-1], {}) as again:
        found = backward_cause(again, kept.passes[-1].gradients, dict(model.named_parameters()))
    kept.remove()
    assert all(p.grad is before[name] for name, p in model.named_parameters())
    return found


def test_the_operation_with_an_infinite_slope_is_named_with_all_that_it_reached():
    found = cause(masked)

    assert (found.op, found.made, found.node) == ("sqrt", "NaN", "/:Sqrt")
    assert found.source.startswith("tests/vizkit/hooks/test_nan_backward.py:")
    assert (found.parameters, list(found.spread)) == (("fc.weight",), ["fc"])
    assert (found.inputs[0]["min"], found.inputs[0]["name"]) == (0.0, "result")


def test_an_infinite_gradient_that_a_mask_takes_away_is_none():
    assert cause(lambda x: torch.relu(x - 1).sqrt().where(x > 1, x)) is None


def test_what_comes_in_from_the_loss_is_the_losss():
    found = cause(lambda x: x, scale=math.nan)

    assert (found.phase, found.op) == ("loss", "")


def test_without_kept_gradients_ones_are_used_and_that_is_said():
    found = cause(masked, backward=False)

    assert found.op == "sqrt"
    assert found.notes == [GUESSED]
