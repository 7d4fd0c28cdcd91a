from pathlib import Path

from vizkit.index.follower import Follower
from vizkit.index.schedule import Schedule


def follower(run, due):
    return Follower(run, Path(run), {}, now=due)


def test_runs_come_when_they_are_due():
    schedule = Schedule()
    for run, due in [("late", 3.0), ("soon", 1.0), ("next", 2.0)]:
        schedule.plan(follower(run, due))

    assert schedule.due(now=2.0) == ["soon", "next"]
    assert schedule.due(now=2.0) == []
    assert schedule.next(otherwise=9.0) == 3.0


def test_a_run_that_was_planned_twice_comes_once():
    schedule = Schedule()
    schedule.plan(follower("a", 2.0))
    schedule.plan(follower("a", 1.0))

    assert schedule.due(now=5.0) == ["a"]
    assert schedule.next(otherwise=9.0) == 9.0
