import threading

import pytest
import torch
from torch import nn

from vizkit.hooks.graph_walk import (
    DEEPEST,
    DEEPEST_ELSEWHERE,
    deepest,
    is_custom,
    sequence_number,
    survey,
)


def walk(loss, names=None, most=1000, since=0):
    return survey([loss.grad_fn], names or {}, most, since)


def test_a_walk_counts_the_nodes_and_names_the_parameters():
    w = torch.ones(2, requires_grad=True)

    seen = walk((w * w.exp()).sum(), {id(w): "w"})

    assert seen.nodes == 4
    assert "w" in seen.pairs
    assert {(a.__name__, b.__name__) for a, b in seen.pairs - {"w"}} == {
        ("SumBackward0", "MulBackward0"),
        ("MulBackward0", "AccumulateGrad"),
        ("MulBackward0", "ExpBackward0"),
        ("ExpBackward0", "AccumulateGrad"),
    }


def test_two_turns_of_a_loop_have_the_same_pairs_but_another_topology():
    w = torch.ones(2, requires_grad=True)

    def turns(count):
        h = w
        for _ in range(count):
            h = (h * 2).tanh()
        return walk(h.sum())

    assert turns(3).pairs == turns(9).pairs
    assert turns(3).topology != turns(9).topology
    assert turns(3) == turns(3)


def test_which_parameter_is_read_matters():
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    names = {id(a): "a", id(b): "b"}

    assert walk((a * 2).sum(), names).topology != walk((b * 2).sum(), names).topology


def test_the_wiring_matters():
    w = torch.ones(2, 2, requires_grad=True)
    a, b = w.unbind()
    c, d = w.unbind()

    assert walk((a - b).sum()).topology != walk((d - c).sum()).topology


def test_nodes_from_before_the_step_are_counted():
    w = torch.ones(2, requires_grad=True)
    state = (w * 2).exp()
    since = sequence_number()

    assert walk((state + 1).sum(), since=since).old == 2
    assert walk((w + 1).sum(), since=since).old == 0


def test_a_walk_stops_where_it_gets_dangerous():
    h = torch.ones(2, requires_grad=True)
    for _ in range(50):
        h = h * 2

    seen = walk(h.sum(), most=20)

    assert seen.too_deep
    assert seen.nodes <= 22


def test_an_unknown_parameter_is_noticed_but_not_an_unknown_tensor():
    assert walk((nn.Parameter(torch.ones(2)) * 2).sum()).strange
    assert not walk((torch.ones(2, requires_grad=True) * 2).sum()).strange


def test_other_threads_have_smaller_stacks():
    found = []
    thread = threading.Thread(target=lambda: found.append(deepest()))
    thread.start()
    thread.join()

    assert found == [DEEPEST_ELSEWHERE]
    assert DEEPEST_ELSEWHERE <= deepest() <= DEEPEST


def test_custom_functions_are_told_apart():
    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad

    x = torch.ones(2, requires_grad=True)

    assert is_custom(Same.apply(x).grad_fn)
    assert not is_custom((x * 2).grad_fn)


@pytest.mark.parametrize("count", [1, 2])
def test_several_losses_are_walked_together(count):
    w = torch.ones(2, requires_grad=True)
    losses = [(w * 2).sum(), (w * 2).exp().sum()][:count]

    assert survey([loss.grad_fn for loss in losses], {}, 99, 0).nodes == [3, 6][count - 1]
