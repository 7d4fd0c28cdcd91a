import numpy as np

from tests.vizkit.index.batches import batch, put
from vizkit.index.pyramid import ENTRY
from vizkit.playback.grid import Grid, grid_of


def grid(index, columns=600, x_min=None, x_max=None, until=None):
    return grid_of(index.lanes("run"), columns, x_min, x_max, until)


def test_there_are_no_more_columns_than_steps(index):
    put(index, batch("loss", range(10), start=5))

    assert grid(index) == Grid(5, 14, 10)
    assert grid(index, columns=3).starts.tolist() == [5, 8, 11]


def test_the_nearer_end_counts(index):
    put(index, batch("loss", range(10)))

    assert grid(index, x_min=2.5, x_max=8, until=6.9) == Grid(3, 6, 4)


def test_without_points_there_is_no_grid(index):
    put(index, batch("loss", range(10)))

    assert grid(index, x_min=50) is None
    assert grid(index, until=-1) is None
    assert grid(index, x_min=5, x_max=4) is None
    assert grid(index, x_min=2.1, x_max=2.9) is None


def test_every_step_falls_into_the_column_that_begins_at_or_before_it():
    found = Grid(-7, 1000, 13)
    steps = np.arange(-7, 1001)

    column = found.column_of(steps)

    starts = np.append(found.starts, 1001)
    assert np.all(starts[column] <= steps)
    assert np.all(steps < starts[column + 1])


def test_columns_over_all_of_int64_do_not_overflow():
    found = Grid(-(1 << 63), (1 << 63) - 1, 600)

    assert found.starts[0] == -(1 << 63)
    assert found.column_of(np.array([-(1 << 63), (1 << 63) - 1])).tolist() == [0, 599]


def test_rows_are_taken_together_as_far_as_half_a_column():
    entry = np.zeros((), ENTRY)
    entry["last"]["step"], entry["count"] = 4095, 4096

    sizes = [Grid(0, 60_000, columns).block_size(entry) for columns in (10_000, 600, 100)]

    assert sizes == [1, 16, 256]


def test_sparse_steps_are_not_taken_together():
    entry = np.zeros((), ENTRY)
    entry["last"]["step"], entry["count"] = 409_500, 4096

    assert Grid(0, 60_000, 600).block_size(entry) == 1


def test_an_attempt_that_is_covered_has_nothing_within():
    low, high = Grid(0, 100, 10).within(None)

    assert low > high
    assert Grid(0, 100, 10).within((-np.inf, 50)) == (0, 49)
