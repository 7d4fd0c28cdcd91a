import pytest

from vizkit.hooks.graph_pace import CREDIT, SHARE, SHARE_OF_TINY, Pace, Savings


def after(seconds, steps=100, **options):
    pace = Pace(**options)
    for step in range(steps + 1):
        pace.stepped(step * seconds)
    return pace


def test_time_brings_credit():
    pace = after(0.01)

    assert pace.step_seconds == pytest.approx(0.01)
    assert pace.allows(SHARE * 1.0)
    assert not pace.allows(SHARE * 1.0 + 2 * CREDIT)
    pace.spend(SHARE * 1.0)
    assert not pace.allows(2 * CREDIT)


def test_tiny_steps_have_a_greater_share():
    assert after(0.001).share == SHARE_OF_TINY
    assert after(0.02).share == SHARE


def test_what_is_dear_is_paused():
    pace = after(0.01)

    assert pace.pause_after(1e-6) == 0
    assert pace.pause_after(1e-3) == pytest.approx(1e-3 / (0.6 * SHARE * 0.01), abs=1)
    assert Pace().pause_after(1.0) == 0


def test_without_a_budget_everything_goes():
    pace = after(0.001, within_budget=False)

    assert pace.allows(1e9)
    assert pace.affords_each_step(1e9, 0.1)
    assert pace.pause_after(1e9) == 0


def test_a_long_pause_is_no_long_step():
    pace = after(0.01)
    pace.stepped(60.0)

    assert pace.step_seconds < 0.02


def test_the_past_fades():
    pace = after(0.01)
    pace.spend(10.0)
    for step in range(2000):
        pace.stepped(1.0 + step)

    assert pace.allows(CREDIT)


def test_each_step_is_afforded_where_it_is_cheap():
    pace = after(0.1)

    assert pace.affords_each_step(1e-4, 0.5)
    assert not pace.affords_each_step(1e-3, 0.5)


def test_what_is_rare_is_saved_for():
    pace = after(0.01)
    savings = Savings(pace, 0.5)

    assert savings.allow(0.5 * SHARE * 1.0)
    savings.spend(0.5 * SHARE * 1.0)
    assert savings.allow(CREDIT / 2)
    assert not savings.allow(CREDIT * 2)
    assert Savings(Pace(within_budget=False), 0.5).allow(1e9)


def test_several_tiny_steps_are_one_entry():
    pace = Pace()
    pace.stepped(0.0)
    pace.stepped(0.008, 8)

    assert pace.step_seconds == pytest.approx(0.001)
    assert pace.is_tiny
    assert not after(0.01).is_tiny
