from pathlib import Path

from vizkit.index.backlog import LARGE, MANY, Backlog
from vizkit.index.follower import Follower


def follower(run, unread=1, changed=0.0):
    made = Follower(run, Path(run), {}, now=0.0)
    made.files.total_bytes = unread
    made.changed = changed
    return made


def test_large_runs_wait_apart():
    backlog = Backlog()

    backlog.add(follower("small"))
    backlog.add(follower("large", LARGE))
    backlog.add(follower("here", LARGE), here=True)

    assert len(backlog) == 3
    assert [backlog.next_small(), backlog.next_small(), backlog.next_small()] == [
        "small",
        "here",
        None,
    ]
    assert [backlog.next_large(), backlog.next_large()] == ["large", None]
    assert not backlog


def test_a_run_waits_once():
    backlog = Backlog()

    backlog.add(follower("a"))
    backlog.add(follower("a", LARGE))

    assert len(backlog) == 1


def test_new_runs_come_first_and_the_newest_before_them():
    backlog = Backlog()
    backlog.add(follower("waits"))

    backlog.add_first([follower("old", changed=1.0), follower("new", changed=2.0)])

    assert [backlog.next_small() for _ in range(3)] == ["new", "old", "waits"]


def test_very_many_small_runs_count_as_large():
    backlog = Backlog()

    backlog.add_first([follower(str(n), unread=n) for n in range(MANY + 2)])

    assert len(backlog.large) == MANY + 1
    assert list(backlog.small) == ["0"]


def test_a_run_that_is_gone_waits_no_more():
    backlog = Backlog()
    backlog.add(follower("a"))

    backlog.forget("a")

    assert not backlog
    assert backlog.next_small() is None
