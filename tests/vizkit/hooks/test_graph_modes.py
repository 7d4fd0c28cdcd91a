import pytest
import torch
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from vizkit.hooks import graph_modes


class Mode(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


stack = _get_current_function_mode_stack


@pytest.fixture(autouse=True)
def _nothing_stays():
    yield
    assert stack() == []


def test_in_and_out():
    mode = Mode()

    below = graph_modes.enter(mode)
    assert stack() == [mode]
    graph_modes.leave(mode, below)

    assert stack() == []


def test_a_mode_that_came_later_stays():
    ours, theirs = Mode(), Mode()

    below = graph_modes.enter(ours)
    with theirs:
        graph_modes.leave(ours, below)
        assert stack() == [theirs]


def test_a_mode_that_left_in_our_stead_is_taken_off_for_us():
    ours, first, theirs = Mode(), Mode(), Mode()

    with first:
        theirs.__enter__()
        below = graph_modes.enter(ours)
        theirs.__exit__(None, None, None)
        assert stack() == [first, theirs]
        graph_modes.leave(ours, below)
        assert stack() == [first]


def test_what_changed_otherwise_is_left_alone():
    ours, first, other = Mode(), Mode(), Mode()

    with first:
        below = graph_modes.enter(ours)
        ours.__exit__(None, None, None)
        with other:
            graph_modes.leave(ours, below)
            assert stack() == [first, other]


def test_a_device_context_may_begin_inside_and_end_outside():
    ours, device = Mode(), torch.device("meta")

    below = graph_modes.enter(ours)
    device.__enter__()
    assert torch.zeros(1).device.type == "meta"
    graph_modes.leave(ours, below)
    assert torch.zeros(1).device.type == "meta"
    device.__exit__(None, None, None)

    assert torch.zeros(1).device.type == "cpu"
