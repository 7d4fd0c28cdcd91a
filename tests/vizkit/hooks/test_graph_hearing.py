import pytest
import torch
from torch import nn
from torch.overrides import _get_current_function_mode_stack

from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_hearing import Hearing
from vizkit.hooks.graph_listening import Listening
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.graph_trace import Trace
from vizkit.hooks.graph_tracing import Tracing
from vizkit.hooks.graph_versions import HEARD, TRACED, UNHEARD, level_of
from vizkit.hooks.guard import Guard

X = torch.ones(1, 2)


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU())


@pytest.fixture
def hear():
    """Return a `Hearing` of a model, whose steps are long enough for nothing but the first ones."""
    made = []

    def hear(model):
        guard, pace = Guard(), Pace()
        calls = None if model is None else ModuleCalls(model, guard)
        tracing = Tracing(model, Operations(calls, dict), guard, pace, None)
        made.append(Hearing(Listening(calls, pace), tracing, guard))
        return made[-1]

    yield hear
    for hearing in made:
        hearing.remove()


def levels(hearing, net, steps):
    found = []
    for step in range(steps):
        net(X)
        found.append(hearing.level)
        hearing.stepped(step + 1, waits=False)
    return found


def test_first_all_is_heard_then_the_calls_then_nothing(hear, net):
    hearing = hear(net)

    assert levels(hearing, net, 5) == [TRACED, HEARD, HEARD, UNHEARD, UNHEARD]
    assert hearing.is_idle(6)


def test_in_a_trace_all_is_heard_again(hear, net):
    hearing = hear(net)
    levels(hearing, net, 4)

    with hearing.everything():
        loss = net(X).sum()

    assert hearing.level == TRACED
    assert not hearing.is_idle(6)
    found = hearing.passed(Trace((), ()), 5)
    assert [op.name for op in found.ops] == ["linear", "relu", "sum"]
    assert [call.path for call in found.calls] == ["", "0", "1"]
    assert level_of(found) == TRACED
    del loss


def test_a_trace_over_several_steps_hears_each(hear, net):
    hearing = hear(net)
    levels(hearing, net, 4)

    with hearing.everything():
        assert levels(hearing, net, 3) == [TRACED] * 3


def test_an_exception_leaves_a_trace_as_it_should(hear):
    hearing = hear(None)

    with pytest.raises(ZeroDivisionError), hearing.everything():
        torch.ones(1) / (1 // 0)

    assert _get_current_function_mode_stack() == []


def test_a_broken_guard_still_leaves_the_trace(hear, lenient):
    hearing = hear(None)

    with hearing.everything():
        hearing._guard.broken.add("graph operations")

    assert _get_current_function_mode_stack() == []


def test_while_paused_neither_hears(hear, net):
    hearing = hear(net)

    hearing.pause()
    net(X)
    hearing.resume()

    assert hearing.calls.heard() == ([], [])
    assert hearing.operations.heard() is None
