from time import perf_counter

import pytest

from vizkit.errors import VizkitWarning
from vizkit.hooks.guard import Guard


def fail():
    raise ValueError("oh no")


def test_what_fails_is_warned_about_once_and_not_called_again(lenient):
    guard, calls = Guard(), []

    def count_and_fail():
        calls.append(1)
        fail()

    with pytest.warns(VizkitWarning, match="no longer collects 'loss'.*oh no"):
        assert guard.call("loss", count_and_fail) is None
    assert guard.call("loss", count_and_fail) is None

    assert calls == [1]


def test_the_others_go_on(lenient):
    guard = Guard()
    with pytest.warns(VizkitWarning):
        guard.call("loss", fail)

    assert guard.call("lr", lambda: 3) == 3


def test_strictly_it_raises():
    with pytest.raises(ValueError, match="oh no"):
        Guard().call("loss", fail)


def test_an_interrupt_is_the_users():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guard().timed("loss", interrupt)


def test_time_adds_up_also_of_what_fails(lenient):
    guard = Guard()
    guard.timed("a", sum, range(1000))
    once = guard.seconds
    with pytest.warns(VizkitWarning):
        guard.timed("b", fail)

    assert guard.seconds > once > 0


def test_what_is_timed_inside_counts_once():
    guard = Guard()

    def outer():
        guard.timed("inner", sum, range(2_000_000))

    started = perf_counter()
    guard.timed("outer", outer)
    elapsed = perf_counter() - started

    assert 0 < guard.seconds <= elapsed


def test_setting_the_time_to_zero_inside_leaves_the_rest():
    guard = Guard()
    guard.seconds = 100.0

    def reset():
        guard.seconds = 0.0

    guard.timed("outer", reset)

    assert 0 < guard.seconds < 1
