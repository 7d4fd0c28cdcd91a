import numpy as np

from tests.vizkit.index.batches import INF, NAN, batch, put
from vizkit.index.pyramid import CHUNK, FINE
from vizkit.playback.frame import drawn_steps, frame
from vizkit.playback.gather import gather, plan
from vizkit.playback.thin import thinned


def thin(index, max_points, axis="step"):
    view = index.series("run", "loss")
    shown = frame(axis, view.origin, None, None, None)
    found = gather(plan(view, shown, drawn_steps(view.begins, shown), max_points // 4))
    return thinned(found, shown, max_points)


def test_all_points_are_left_where_they_are_few(index):
    put(index, batch("loss", [3, 1, 2], steps=[5, 9, 7]))

    assert thin(index, 4).step.tolist() == [5, 7, 9]


def test_scattered_nan_of_one_entry_are_all_left(index):
    values = np.zeros(3 * CHUNK)
    values[[3, 7, 200, FINE * 5]] = NAN, INF, -INF, NAN

    put(index, batch("loss", values))

    points = thin(index, 4)
    odd = points.step[~np.isfinite(points.value)]
    assert odd.tolist() == [3, 7, 200, FINE * 5]


def test_a_series_that_turned_nan_keeps_a_mark_in_each_bucket(index):
    values = np.zeros(3 * CHUNK)
    values[CHUNK:] = NAN

    put(index, batch("loss", values))

    points = thin(index, 8)
    odd = points.step[~np.isfinite(points.value)]
    assert odd[0] == CHUNK
    assert odd[-1] == 3 * CHUNK - 1
    assert len(points) < 40


def test_no_point_is_left_twice(index):
    put(index, batch("loss", np.zeros(3 * CHUNK)))

    steps = thin(index, 8).step.tolist()

    assert steps == sorted(set(steps))


def test_extremes_lie_at_their_own_place(index):
    values = np.random.default_rng(0).normal(size=20 * CHUNK)
    values[31_337] = 99.0

    put(index, batch("loss", values))

    points = thin(index, 400)
    assert points.step[points.value.argmax()] == 31_337
    assert len(points) <= 400


def test_a_clock_that_jumped_back_is_sorted_on_time_axes(index):
    found = batch("loss", range(3 * CHUNK))
    found.points.wall_time[CHUNK + 5 :] -= 3600.0
    put(index, found)

    walls = thin(index, 8, "wall").wall_time

    assert np.all(np.diff(walls) >= 0)
    assert walls[0] == found.points.wall_time.min()
    assert walls[-1] == found.points.wall_time.max()
