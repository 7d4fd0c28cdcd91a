import numpy as np
import pytest

from vizkit.events.attempts import drawn, file_attempt, is_restart, walk
from vizkit.events.batch import FileFacts, Points, StartRecord


def facts(first_wall, last_wall, first_step, last_step=None, *, attempt=0, rank=None):
    start = None if rank is None else StartRecord(rank=rank)
    return FileFacts(start, first_wall, last_wall, first_step, last_step, attempt)


def points(steps, tags=("loss",), tag_index=None):
    n = len(steps)
    index = np.zeros(n, np.int32) if tag_index is None else np.array(tag_index, np.int32)
    step = np.array(steps, np.int64)
    return Points(tags, index, step, np.zeros(n), np.zeros(n), np.zeros(n, np.int32))


def attempts_of(steps):
    return walk(points(steps), 0, {})[0].tolist()


def test_the_first_file_is_the_first_attempt():
    assert file_attempt([], facts(0, 1, 0)) == 0


@pytest.mark.parametrize("rank", [None, 0])
def test_a_file_that_goes_on_continues_the_attempt(rank):
    assert file_attempt([facts(0, 9, 0, 99, rank=rank)], facts(20, 20, 100, rank=rank)) == 0


@pytest.mark.parametrize("rank", [None, 0])
@pytest.mark.parametrize("first_step", [0, 50, 99])
def test_a_file_that_begins_at_or_below_the_last_step_is_a_restart(rank, first_step):
    earlier = [facts(0, 9, 0, 99, rank=rank)]

    assert file_attempt(earlier, facts(20, 20, first_step, rank=rank)) == 1


def test_a_restart_of_a_restart():
    earlier = [facts(0, 9, 0, 99), facts(20, 29, 50, 60, attempt=1)]

    assert file_attempt(earlier, facts(30, 30, 61)) == 1
    assert file_attempt(earlier, facts(30, 30, 60)) == 2


def test_files_written_at_once_belong_together():
    assert file_attempt([facts(0, 9, 0, 99)], facts(5, 5, 0)) == 0
    assert file_attempt([facts(0, 9, 0, 99, rank=0)], facts(5, 5, 0, rank=1)) == 0


def test_ranks_restart_together():
    earlier = [facts(0, 9, 0, 99, rank=0), facts(0, 9, 0, 99, rank=1)]

    first = file_attempt(earlier, facts(20, 20, 50, rank=1))
    restarted = facts(20, 25, 50, 55, attempt=first, rank=1)

    assert first == 1
    assert file_attempt([*earlier, restarted], facts(21, 21, 50, rank=0)) == 1
    assert file_attempt([*earlier, restarted], facts(21, 21, 50, rank=2)) == 1


def test_a_file_without_values_means_nothing():
    assert file_attempt([facts(0, 9, None)], facts(20, 20, 0)) == 0


def test_a_session_start_takes_back_steps_unless_it_says_zero():
    written = facts(0, 9, 0, 99)

    assert is_restart(written, 50)
    assert not is_restart(written, 100)
    assert not is_restart(written, 0)


@pytest.mark.parametrize(
    ("steps", "attempts"),
    [
        ([0, 1, 2], [0, 0, 0]),
        ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]),
        ([0, 1, 2, 1, 2, 3, 0, 1], [0, 0, 0, 1, 1, 1, 2, 2]),
        ([10, 20, 15, 30], [0, 0, 0, 0]),  # one late point
        ([10, 20, 20, 20], [0, 0, 0, 0]),  # duplicates
        ([10, 20, 5, 5, 6], [0, 0, 1, 1, 1]),
    ],
)
def test_a_tag_that_goes_back_and_walks_forward_is_restarted(steps, attempts):
    assert attempts_of(steps) == attempts


def test_tags_are_restarted_each_by_itself():
    both = points([0, 0, 1, 1, 0, 2, 1], ("a", "b"), [0, 1, 0, 1, 0, 1, 0])

    attempts, _, back = walk(both, 0, {})

    assert attempts.tolist() == [0, 0, 0, 0, 1, 0, 1]
    assert back is None


def test_a_step_back_at_the_end_is_left_open():
    _, walks, back = walk(points([5, 6, 7, 3]), 0, {})

    assert back == 3
    attempts, _, back = walk(points([4, 5]), 0, walks)
    assert attempts.tolist() == [1, 1]
    assert back is None


def test_walking_in_portions_gives_what_walking_at_once_gives():
    steps = [0, 1, 2, 3, 1, 2, 3, 4, 9, 5, 10, 0, 1]
    whole = attempts_of(steps)

    read, walks, at = [], {}, 0
    for stop in range(1, len(steps) + 1):
        attempts, after, back = walk(points(steps[at:stop]), 0, walks)
        if back is None or stop == len(steps):
            read, walks, at = [*read, *attempts.tolist()], after, stop

    assert read == whole


def test_a_later_attempt_covers_the_earlier_from_its_first_step_on():
    step = np.array([0, 1, 2, 3, 2, 3, 4])
    attempt = np.array([0, 0, 0, 0, 1, 1, 1], np.int32)

    assert drawn(step, attempt).tolist() == [True, True, False, False, True, True, True]
