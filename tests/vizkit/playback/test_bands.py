import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN, batch, put
from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK
from vizkit.playback.bands import bands


def band(index, runs, **asked):
    return bands(index, "loss", {"all": runs}, **asked)["all"]


def test_runs_of_the_same_steps_are_averaged_at_each(index):
    put(index, batch("loss", [1, 2, 3]), run="a")
    put(index, batch("loss", [3, 2, 7]), run="b")

    found = band(index, ["a", "b"])

    assert found.x.tolist() == [0, 1, 2]
    assert found.mean.tolist() == [2, 2, 5]
    assert found.std.tolist() == [1, 0, 2]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2, 3], [3, 2, 7])
    assert found.median.tolist() == [2, 2, 5]
    assert (found.count.tolist(), found.runs, found.nonfinite) == ([2, 2, 2], 2, 0)


def test_runs_of_other_steps_count_with_their_last_known_value(index):
    put(index, batch("loss", [1, 2, 3, 4], steps=[0, 10, 20, 30]), run="a")
    put(index, batch("loss", [5, 7], steps=[5, 25]), run="b")

    found = band(index, ["a", "b"])

    assert found.x.tolist() == [0, 5, 10, 20, 25, 30]
    assert found.mean.tolist() == [1, 3, 3.5, 4, 5, 4]


def test_nothing_is_made_up_before_or_behind_a_run(index):
    put(index, batch("loss", [1, 1, 1, 1, 1], steps=[0, 1, 2, 3, 4]), run="a")
    put(index, batch("loss", [9, 9], steps=[2, 3]), run="b")

    assert band(index, ["a", "b"]).count.tolist() == [1, 1, 2, 2, 1]


def test_nan_is_left_out_and_counted(index):
    put(index, batch("loss", [1, NAN, INF]), run="a")
    put(index, batch("loss", [3, 5, NAN]), run="b")

    found = band(index, ["a", "b"])

    assert found.mean[:2].tolist() == [2, 5]
    assert math.isnan(found.mean[2])
    assert math.isnan(found.median[2])
    assert (found.count.tolist(), found.nonfinite) == ([2, 1, 0], 3)


def test_a_spike_between_two_places_shows_in_the_extremes(index):
    values = np.zeros(5000)
    values[3217] = 40.0
    put(index, batch("loss", values), run="a")

    found = band(index, ["a"], columns=50)

    assert (len(found.x), found.high.max(), found.mean.max()) == (50, 40, 0)
    assert found.x[found.high.argmax()] >= 3217


def test_every_group_has_its_own_band_on_one_grid(index):
    for run, value in zip("abc", (1, 2, 9), strict=True):
        put(index, batch("loss", [value] * 4), run=run)

    found = bands(index, "loss", {"x": ["a", "b"], "y": ["c", "gone"], "z": []})

    assert [each.mean.tolist() for each in found.values()] == [[1.5] * 4, [9] * 4, []]
    assert [each.runs for each in found.values()] == [2, 1, 0]


def test_only_the_range_asked_for_counts(index):
    put(index, batch("loss", range(100)), run="a")

    assert band(index, ["a"], x_min=10, x_max=20).x.tolist() == list(range(10, 21))
    assert band(index, ["a"], until=5).x[-1] == 5
    assert band(index, ["a"], axis="relative", until=5.5).x[-1] == 5


def test_no_data_is_an_empty_band(index):
    put(index, batch("other", [1]), run="a")

    found = band(index, ["a", "gone"])

    assert (len(found.x), found.runs) == (0, 0)
    assert all(len(getattr(found, name)) == 0 for name in ("mean", "std", "low", "median"))


def test_a_request_for_no_columns_is_refused(index):
    with pytest.raises(UsageError, match="columns"):
        band(index, [], columns=0)


def test_long_runs_keep_their_ends_and_extremes(index):
    random = np.random.default_rng(5)
    values = random.normal(size=(3, 20 * CHUNK))
    for run, of_run in zip("abc", values, strict=True):
        put(index, batch("loss", of_run), run=run)

    found = band(index, list("abc"), columns=20)

    assert found.x[-1] == 20 * CHUNK - 1
    assert (found.low.min(), found.high.max()) == (values.min(), values.max())
    assert found.mean[-1] == pytest.approx(values[:, -1].mean())


RUNS = st.lists(
    st.dictionaries(st.integers(0, 40), st.sampled_from([NAN, -3.0, 0.5, 8.0]), min_size=1),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def many_runs(tmp_path_factory):
    """Return an index, and names for runs that are not there yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Index.open(tmp_path_factory.mktemp("runs")) as index:
            yield index, map(str, itertools.count())


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RUNS)
def test_a_band_is_what_plain_python_says(many_runs, runs):
    index, names = many_runs[0], [next(many_runs[1]) for _ in runs]
    for name, points in zip(names, runs, strict=True):
        steps = sorted(points)
        put(index, batch("loss", [points[step] for step in steps], steps=steps), run=name)

    found = band(index, names)

    for place, x in enumerate(found.x.tolist()):
        known = [
            points[max(step for step in points if step <= x)]
            for points in runs
            if min(points) <= x <= max(points)
        ]
        finite = [value for value in known if not math.isnan(value)]
        assert found.count[place] == len(finite)
        if finite:
            assert found.mean[place] == pytest.approx(np.mean(finite))
            assert found.std[place] == pytest.approx(np.std(finite))
            assert found.median[place] == pytest.approx(np.median(finite))
            assert (found.low[place], found.high[place]) == (min(finite), max(finite))
