import pytest
import torch
from torch import nn

from vizkit.hooks.ownership import PROBES, Probes


@pytest.fixture
def model():
    return nn.Linear(2, 1)


def probes_of(parameters):
    probes = Probes()
    probes.choose(list(parameters))
    probes.mark()
    return probes


@pytest.mark.parametrize("times", [1, 2])
def test_our_backward_pass_changes_gradients(model, times):
    for _ in range(times):
        probes = probes_of(model.parameters())
        model(torch.ones(1, 2)).sum().backward()

        assert probes.changed()


def test_anothers_does_not(model):
    other = nn.Linear(2, 1)
    probes = probes_of(model.parameters())

    other(torch.ones(1, 2)).sum().backward()

    assert not probes.changed()


def test_an_optimizer_in_the_backward_pass_changes_weights(model):
    probes = probes_of(model.parameters())

    with torch.no_grad():
        model.weight.sub_(1.0)

    assert probes.changed()


def test_who_has_nothing_to_look_at_takes_all_for_its_own():
    assert probes_of([torch.ones(2)]).changed()


def test_only_some_of_many_parameters_are_looked_at():
    many = [nn.Parameter(torch.ones(1)) for _ in range(1000)]
    probes = probes_of(many)

    assert len(probes._parameters) <= PROBES
