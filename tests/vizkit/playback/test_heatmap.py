import numpy as np
import pytest

from tests.vizkit.index.batches import INF, NAN, batch, put, rows, same
from vizkit.errors import RunNotFoundError, UsageError
from vizkit.index.pyramid import CHUNK
from vizkit.playback.heatmap import heatmap


def test_rows_are_layers_and_columns_are_steps(index):
    put(index, rows("g/*", ["conv", "fc"], [[1, 10], [2, 20], [3, 30]]))

    found = heatmap(index, "run", "g")

    assert found.names == ("conv", "fc")
    assert found.step.tolist() == [0, 1, 2]
    assert found.value.tolist() == [[1, 2, 3], [10, 20, 30]]
    assert (found.first_step, found.last_step) == (0, 2)


def test_a_cell_has_the_highest_finite_value_and_tells_of_others(index):
    put(index, rows("g/*", "ab", [[1, NAN], [5, NAN], [2, INF], [NAN, 7]]))

    found = heatmap(index, "run", "g", columns=2)

    assert same(found.value, np.array([[5, 2], [NAN, 7]], np.float32))
    assert found.nonfinite.tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize("until", [49, 49.9])
def test_only_what_was_known_at_the_playhead_is_shown(index, until):
    put(index, rows("g/*", "ab", np.ones((100, 2))))

    found = heatmap(index, "run", "g", until=until)

    assert (found.last_step, found.value.shape) == (49, (2, 50))


def test_a_zoom_shows_its_steps_only(index):
    put(index, rows("g/*", "ab", np.ones((100, 2))))

    assert heatmap(index, "run", "g", x_min=10, x_max=12).step.tolist() == [10, 11, 12]


def test_nothing_known_yet_is_an_empty_picture(index):
    put(index, rows("g/*", "ab", np.ones((100, 2))))

    found = heatmap(index, "run", "g", until=-1)

    assert found.names == ("a", "b")
    assert found.value.shape == (2, 0)
    assert found.first_step is None
    assert heatmap(index, "run", "other").names == ()


def test_scalars_of_a_prefix_are_rows_too(index):
    put(index, batch("g/a", [1, 2]))
    put(index, batch("g/b", [3, 4]))
    put(index, batch("gg/c", [5, 6]))

    found = heatmap(index, "run", "g/")

    assert dict(zip(found.names, found.value.tolist(), strict=True)) == {"a": [1, 2], "b": [3, 4]}


def test_layers_of_an_earlier_layout_follow_those_of_the_latest(index):
    put(index, rows("g/*", "ab", [[1, 2]]))
    put(index, rows("g/*", "bc", [[3, 4]], start=1))

    found = heatmap(index, "run", "g")

    assert found.names == ("b", "c", "a")
    assert same(found.value, np.array([[2, 3], [NAN, 4], [1, NAN]], np.float32))


def test_what_a_later_attempt_covers_is_not_shown(index):
    put(index, rows("g/*", "a", [[9.0]] * 10))
    put(index, rows("g/*", "a", [[1.0]] * 2, start=5, attempt=1))

    found = heatmap(index, "run", "g")

    assert found.value[0, :7].tolist() == [9, 9, 9, 9, 9, 1, 1]
    assert np.isnan(found.value[0, 7:]).all()


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("columns", [600, 50, 3])
def test_blocks_lose_no_peak_and_no_nan(index, committed, columns):
    values = np.random.default_rng(0).normal(size=(5 * CHUNK + 99, 3))
    values[12_345, 1], values[7_000, 2] = 100.0, NAN
    put(index, rows("g/*", "abc", values))
    if committed:
        index.commit()

    found = heatmap(index, "run", "g", columns=columns)

    assert found.value.shape == (3, columns)
    assert np.allclose(found.value.max(axis=1), np.nanmax(values, axis=0))
    assert not np.isnan(found.value).any()
    assert np.argwhere(found.nonfinite)[:, 0].tolist() == [2]
    width = len(values) / columns
    peak = found.step[found.value[1].argmax()]
    assert -width / 2 <= 12_345 - peak <= width * 1.5


def test_unknown_runs_and_odd_wishes_are_said_to_be_so(index):
    with pytest.raises(RunNotFoundError):
        heatmap(index, "nope", "g")
    with pytest.raises(UsageError, match="columns"):
        heatmap(index, "run", "g", columns=0)
