import numpy as np

from vizkit.events.batch import Batch, FileFacts, Points, Rows, SessionStart, TailState
from vizkit.events.decode import Decoded
from vizkit.events.follow import follow


def decoded(steps, starts=(), rows=(), walls=(1.0, 2.0)):
    n = len(steps)
    zeros = np.zeros(n)
    step = np.array(steps, np.int64)
    index = np.zeros(n, np.int32)
    points = Points(("loss",), index, step, zeros, zeros, index)
    first, last = walls
    batch = Batch(points, rows, (), (), starts, 50, first_wall=first, last_wall=last)
    return Decoded(batch, np.zeros(n, np.int64))


def first_of_all(facts):
    return 0


def test_facts_grow_with_the_file():
    _, state, _ = follow(TailState(), decoded([3, 9, 5]), first_of_all)
    _, state, _ = follow(state, decoded([11], walls=(8.0, 9.0)), first_of_all)

    assert state.offset == 50
    assert state.facts == FileFacts(None, 1.0, 9.0, 3, 11, 0)


def test_rows_count_as_values():
    walls = np.ones(2)
    rows = Rows("g/*", ("a",), np.array([4, 5]), walls, np.ones((2, 1), np.float32))

    batch, state, _ = follow(TailState(), decoded([], rows=(rows,)), lambda facts: 2)

    assert (state.facts.first_step, state.facts.last_step) == (4, 5)
    assert (batch.attempt, state.attempt) == (2, 2)


def test_no_attempt_is_chosen_before_a_value():
    _, state, _ = follow(TailState(), decoded([]), first_of_all)

    assert state.attempt is None


def test_a_session_start_opens_the_next_attempt():
    _, before, _ = follow(TailState(), decoded([0, 1, 2]), first_of_all)

    batch, after, _ = follow(before, decoded([2, 3], (SessionStart(2, 5.0),)), first_of_all)

    assert batch.points.attempt.tolist() == [1, 1]
    assert after.facts.last_attempt == 1


def test_a_session_start_says_where_its_file_begins():
    _, state, _ = follow(TailState(), decoded([110], (SessionStart(100, 5.0),)), first_of_all)

    assert state.facts.first_step == 100


def test_a_step_back_at_the_end_is_told():
    _, _, back = follow(TailState(), decoded([0, 1, 0]), first_of_all)

    assert back == 2
