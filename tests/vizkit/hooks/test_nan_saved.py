import math

import pytest
import torch

from vizkit.hooks.nan_saved import cause_in_loss, saved_tensors

functional = torch.nn.functional


@pytest.fixture
def out():
    return torch.linspace(0.0, 1.0, 8).reshape(4, 2).requires_grad_()


@pytest.mark.parametrize(
    ("loss", "op"),
    [
        (lambda x: -x.log().mean(), "log"),
        (lambda x: (x * x.log()).sum(), "log"),
        (lambda x: (x / x).mean(), "div"),
        (lambda x: x.sum() / torch.zeros(()), "div"),
        (lambda x: (x - 2).sqrt().sum() + 1, "sqrt"),
        (lambda x: (x * 1e3).exp().log().mean(), "exp"),
        (lambda x: (x + 1).acos().neg().sum(), "acos"),
        (lambda x: x.log().softmax(-1).log().sum(), "log"),
    ],
)
def test_the_operation_is_told_from_what_the_graph_saved(out, loss, op):
    found = cause_in_loss(loss(out), 0, {})

    assert (found.phase, found.op) == ("loss", op)
    assert found.node.startswith(":")


def test_what_came_in_with_the_targets_is_data_with_its_samples(out):
    target = torch.zeros(4, 2)
    target[3, 1] = math.nan

    found = cause_in_loss(functional.mse_loss(out, target), 0, {})
    assert (found.sort, found.name, found.samples, found.batch) == ("data", "target", [3], 4)


def test_a_weight_is_known_by_its_name(out):
    weight = torch.tensor(math.nan, requires_grad=True)

    found = cause_in_loss((out.detach() * weight).sum(), 0, {id(weight): "w"})
    assert (found.sort, found.name) == ("weight", "w")


def test_a_mask_of_minus_infinity_is_none(out):
    logits = out.masked_fill(torch.eye(4, 2) > 0, -math.inf)
    picked = functional.log_softmax(logits, -1)[:, 1]

    found = cause_in_loss(picked[2:].sum() + (out * 0).log().sum(), 0, {})
    assert found.op == "log"


def test_what_ran_before_is_not_looked_at(out):
    made = (out - 2).log()
    since = made.grad_fn._sequence_nr() + 1

    assert cause_in_loss((made + 1).neg().sum(), since, {}) is None


def test_a_freed_graph_tells_nothing(out):
    loss = out.exp().sum()
    loss.backward()

    assert saved_tensors(loss.grad_fn.next_functions[0][0]) == []
