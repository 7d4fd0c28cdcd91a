import pytest
import torch
from torch import nn

from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_listening import FIRST_STEPS, SAMPLED_EVERY, Listening
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.guard import Guard


@pytest.fixture
def model():
    return nn.Linear(2, 1)


@pytest.fixture
def pace():
    """A training with steps of 0.1 ms, where nothing is cheap."""
    pace = Pace()
    for step in range(100):
        pace.stepped(step * 1e-4)
    return pace


@pytest.fixture
def listening(model, pace):
    listening = Listening(ModuleCalls(model, Guard()), pace)
    yield listening
    listening.remove()


def step(listening, model):
    model(torch.ones(1, 2))
    heard = listening.is_armed
    listening.stepped()
    return heard


def test_the_first_steps_are_heard_and_the_others_only_where_that_is_cheap(listening, model):
    heard = [step(listening, model) for _ in range(FIRST_STEPS + 5)]

    assert heard == [True] * FIRST_STEPS + [False] * 5


def test_long_steps_are_all_heard(model):
    pace = Pace()
    for number in range(100):
        pace.stepped(number * 1.0)
    listening = Listening(ModuleCalls(model, Guard()), pace)

    assert all(step(listening, model) for _ in range(20))
    listening.remove()


def test_new_lengths_that_were_missed_are_heard_later(listening, model):
    for _ in range(FIRST_STEPS + 2 * SAMPLED_EVERY):
        step(listening, model)
    assert not listening.is_armed

    listening.missed = True
    heard = [step(listening, model) for _ in range(2 * SAMPLED_EVERY)]

    assert sum(heard) == 1


def test_a_structure_that_was_not_heard_is_waited_for(listening, model):
    for _ in range(FIRST_STEPS):
        step(listening, model)

    listening.wanted = True
    heard = [step(listening, model) for _ in range(5)]

    assert heard == [False] + [True] * 4


def test_calls_are_those_of_the_step(listening, model):
    model(torch.ones(1, 2))
    rows, inputs = listening.heard()
    assert [call.path for call in rows] == [""]
    assert inputs == [((1, 2), "float32")]

    listening.stepped()

    assert listening.heard() == ([], [])


def test_a_step_looks_like_its_calls(listening, model):
    looks = set()
    for count in (1, 2, 1):
        for _ in range(count):
            model(torch.ones(1, 2))
        looks.add(listening.sketch())
        listening.stepped()

    assert len(looks) == 2


def test_a_pause_hears_nothing(listening, model):
    listening.pause()
    model(torch.ones(1, 2))
    listening.resume()

    assert listening.heard() == ([], [])


def test_without_modules_there_is_nothing_to_wait_for():
    listening = Listening(None, Pace())
    listening.stepped()
    listening.pause()
    listening.resume()
    listening.remove()

    assert listening.is_heard
    assert not listening.is_armed
    assert listening.heard() == ((), ())
    assert listening.sketch() is None
