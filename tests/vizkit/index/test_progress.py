from pathlib import Path

from vizkit.index.follower import Follower
from vizkit.index.progress import Progress, Tally


def follower(run="run"):
    return Follower(run, Path(run), {}, now=0.0)


def test_the_sums_follow_the_runs():
    tally, one, other = Tally(), follower(), follower("other")

    for each, total in ((one, 100), (other, 50)):
        tally.join(each)
        each.files.total_bytes = total
        tally.note(each, now=0.0)
    one.files.read_bytes = 100
    tally.note(one, now=1.0)
    tally.add_points(7)

    assert tally.progress(done=False) == Progress(
        indexed=100, total=150, runs=2, points=7, seconds_left=0.5
    )


def test_what_is_gone_counts_no_more():
    tally, one = Tally(), follower()
    tally.join(one)
    one.files.total_bytes = 100
    tally.note(one, now=0.0)

    tally.leave(one)

    assert tally.progress(done=True) == Progress(seconds_left=0.0, done=True)


def test_without_a_pace_nobody_knows_how_long_it_takes():
    assert Tally().progress(done=False).seconds_left is None


def test_the_pace_is_that_of_the_last_seconds():
    tally, one = Tally(), follower()
    tally.join(one)
    one.files.total_bytes = 10_000
    for second in range(100):
        one.files.read_bytes += 10 if second < 50 else 100
        tally.note(one, now=float(second))

    left = 10_000 - one.files.read_bytes

    assert tally.progress(done=False).seconds_left == left / 100
