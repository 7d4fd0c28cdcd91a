import numpy as np
import pytest

from tests.vizkit.index.batches import batch, put, rows
from vizkit.errors import UsageError
from vizkit.index.lane import Begin
from vizkit.playback.frame import (
    HIGHEST,
    LOWEST,
    drawn_by_tag,
    drawn_steps,
    frame,
    ghost_steps,
)

BEGINS = {0: Begin(0, 100.0), 1: Begin(50, 200.0), 2: Begin(20, 300.0)}


def test_a_later_attempt_covers_the_earlier_from_its_first_step_on():
    drawn = drawn_steps(BEGINS, frame("step", 0.0, None, None, None))

    assert drawn == {2: (-np.inf, np.inf), 1: (-np.inf, 20), 0: (-np.inf, 20)}


def test_what_a_later_attempt_covers_is_a_ghost():
    drawn = drawn_steps(BEGINS, frame("step", 0.0, None, None, None))

    assert ghost_steps(drawn) == {1: (20, np.inf), 0: (20, np.inf)}


@pytest.mark.parametrize(("axis", "until"), [("wall", 250.0), ("relative", 150.0)])
def test_on_time_axes_a_restart_behind_the_playhead_is_not_known(axis, until):
    drawn = drawn_steps(BEGINS, frame(axis, 100.0, None, None, until))

    assert drawn == {1: (-np.inf, np.inf), 0: (-np.inf, 50)}


def test_a_zoom_does_not_make_a_restart_unknown():
    drawn = drawn_steps(BEGINS, frame("wall", 0.0, None, 250.0, None))

    assert drawn[2] == (-np.inf, np.inf)


def test_the_nearer_of_x_max_and_until_ends_the_frame():
    assert frame("step", 0.0, None, 10, 5).high == 5
    assert frame("step", 0.0, None, 5, 10).high == 5
    assert frame("wall", 0.0, None, None, None).high == np.inf


def test_relative_time_counts_from_the_runs_first_point():
    shown = frame("relative", 100.0, None, None, None)

    assert shown.place(np.array([7]), np.array([103.5])).tolist() == [3.5]


def test_an_unknown_axis_is_refused():
    with pytest.raises(UsageError, match="'epoch'"):
        frame("epoch", 0.0, None, None, None)


def test_layouts_of_one_vector_share_their_attempts(index):
    put(index, rows("g/*", "ab", np.ones((10, 2))))
    put(index, rows("g/*", "bc", np.ones((2, 2)), start=5, attempt=1))
    put(index, batch("loss", range(10)))

    drawn = drawn_by_tag(index.lanes("run"))

    assert drawn == {
        "g/*": {1: (-np.inf, np.inf), 0: (-np.inf, 5)},
        "loss": {0: (-np.inf, np.inf)},
    }


def test_steps_of_a_frame_are_whole_numbers():
    part = frame("step", 0.0, 0.5, 9.5, None)
    assert (part.low, part.high) == (1, 9)
    every = frame("step", 0.0, None, None, None)
    assert (every.low, every.high) == (LOWEST, HIGHEST)
    for x_min, x_max in ((1e19, None), (None, -1e19)):
        nothing = frame("step", 0.0, x_min, x_max, None)
        assert nothing.low > nothing.high


def test_an_end_that_is_no_number_is_refused():
    with pytest.raises(UsageError, match="x_min is no number"):
        frame("wall", 0.0, np.nan, None, None)
