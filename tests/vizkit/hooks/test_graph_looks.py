import pytest
import torch
from torch import nn

from vizkit.hooks import graph_looks
from vizkit.hooks.graph_history import PassClass
from vizkit.hooks.graph_looks import Looks


def kind(number):
    return PassClass(number, frozenset(), str(number))


@pytest.fixture
def looks():
    return Looks()


def look_after(looks, loss, made=1):
    loss.backward()
    return looks.look((loss,), made, None)


def test_a_look_is_remembered(looks):
    a = kind(0)
    look = look_after(looks, torch.ones(1, requires_grad=True).sum())
    assert looks.known(look) is None

    looks.remember(look, a)

    assert looks.known(look) is a


def test_nodes_roots_and_calls_make_a_look(looks):
    loss = torch.ones(1, requires_grad=True).sum()
    other = torch.ones(1, requires_grad=True).mean()

    found = {
        looks.look((loss,), 1, None),
        looks.look((loss,), 2, None),
        looks.look((other,), 1, None),
        looks.look((loss, loss), 1, None),
        looks.look((loss,), 1, 99),
    }

    assert len(found) == 5


def test_equal_branches_look_different_by_who_has_a_gradient(looks):
    a, b = nn.Linear(2, 1), nn.Linear(2, 1)
    looks.choose([*a.parameters(), *b.parameters()])

    first = look_after(looks, a(torch.ones(1, 2)).sum())
    a.zero_grad()
    second = look_after(looks, b(torch.ones(1, 2)).sum())

    assert first != second


def test_a_look_that_two_kinds_share_says_nothing_any_more(looks):
    look = looks.look((), 1, None)
    looks.remember(look, kind(0))
    looks.remember(look, kind(1))

    assert looks.known(look) is None


def test_frozen_and_dead_parameters_are_not_asked(looks):
    looks.choose([torch.ones(1), torch.ones(1, requires_grad=True)])

    assert looks.look((), 0, None)[-1] == 0


def test_memory_is_bounded(looks, monkeypatch):
    monkeypatch.setattr(graph_looks, "MOST", 5)
    for made in range(50):
        looks.remember(looks.look((), made, None), kind(made))

    assert len(looks._kinds) <= 5
