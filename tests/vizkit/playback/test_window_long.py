"""No spike and no NaN is ever lost, whatever the zoom; ends and extremes are exact."""

import itertools
import math
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN, batch, put
from vizkit.events.batch import Batch, Points, TailState
from vizkit.index import Index
from vizkit.playback.window import window

LENGTHS = [300_000, *([10_000_000] if os.environ.get("VIZKIT_SLOW") else [])]
SPIKE = 12_345.678
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class Long:
    """A series of n points, with where its one spike and its three NaN are."""

    index: Index
    wall: Any
    value: Any
    spike: int
    odd: list[int]

    def x(self, axis):
        if axis == "step":
            return np.arange(len(self.value))
        return self.wall - self.wall[0] if axis == "relative" else self.wall


@pytest.fixture(scope="module", params=LENGTHS)
def long(request, tmp_path_factory):
    n = request.param
    random = np.random.default_rng()
    value = random.normal(size=n)
    spike, *odd = random.choice(n, 4, replace=False).tolist()
    value[spike], value[odd] = SPIKE, NAN
    wall = 1.7e9 + np.cumsum(random.exponential(0.01, n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Index.open(tmp_path_factory.mktemp("runs")) as index:
            for start in range(0, n, 500_000):
                step = np.arange(start, min(start + 500_000, n))
                zeros = np.zeros(len(step), np.int32)
                points = Points(("loss",), zeros, step, wall[step], value[step], zeros)
                index.append("run", "file", Batch(points), TailState(offset=1))
            index.commit()
            yield Long(index, wall, value, spike, sorted(odd))


PLACE = st.floats(0, 1)
WIDTH = st.floats(-6.5, 0).map(lambda power: 10**power)
MAX_POINTS = st.integers(4, 4000)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    center=PLACE | st.sampled_from(["spike", "nan"]),
    width=WIDTH,
    until=st.none() | PLACE,
    max_points=MAX_POINTS,
    axis=st.sampled_from(["step", "relative", "wall"]),
)
@example(center=0.5, width=2.0, until=None, max_points=4, axis="step")
def test_nothing_is_lost_at_any_zoom(long, center, width, until, max_points, axis):
    x = long.x(axis)
    place = {"spike": long.spike, "nan": long.odd[1]}.get(center, 0)
    middle = float(x[place]) if isinstance(center, str) else x[0] + center * (x[-1] - x[0])
    half = float(width * (x[-1] - x[0]) / 2)
    end = None if until is None else float(x[0] + until * (x[-1] - x[0]))
    ends = {"x_min": float(middle) - half, "x_max": float(middle) + half, "until": end}

    shown = window(long.index, "run", "loss", max_points=max_points, axis=axis, **ends)

    first = int(np.searchsorted(x, ends["x_min"], "left"))
    high = min(ends["x_max"], math.inf if end is None else end)
    stop = max(first, int(np.searchsorted(x, high, "right")))
    inside = long.value[first:stop]
    assert shown.points == len(inside)
    assert shown.exact == (len(shown.step) == len(inside))
    if len(inside) <= max_points:
        assert np.array_equal(shown.value, inside, equal_nan=True)
    if not len(inside):
        return
    assert np.array_equal(shown.value, long.value[shown.step], equal_nan=True)
    assert np.all(np.diff(shown.step) > 0)
    assert (shown.step[0], shown.step[-1]) == (first, stop - 1)
    assert shown.step[np.isnan(shown.value)].tolist() == [
        at for at in long.odd if first <= at < stop
    ]
    if not np.isnan(inside).all():
        assert np.nanmin(shown.value) == np.nanmin(inside)
        assert np.nanmax(shown.value) == np.nanmax(inside)
    assert (SPIKE in shown.value) == (first <= long.spike < stop)
    assert len(shown.step) <= max_points + 3


def test_a_zoom_takes_milliseconds(long):
    random = np.random.default_rng(1)
    n = len(long.value)
    took = []
    for _ in range(100):
        width = n * 10 ** random.uniform(-5, 0)
        begin = random.uniform(0, n - width)
        started = time.perf_counter()
        window(long.index, "run", "loss", x_min=begin, x_max=begin + width, max_points=2000)
        took.append(time.perf_counter() - started)

    p50, p95 = (float(np.quantile(took, share)) * 1e3 for share in (0.5, 0.95))
    print(f"{n:,} points, zoom p50 {p50:.1f} ms, p95 {p95:.1f} ms")
    assert p95 < 200  # a shared machine: measured calm it is a tenth


STEPS = st.sampled_from(
    [LOWEST, LOWEST + 1, -(1 << 53) - 1, -1, 0, 0, 1, 2, 10**12, (1 << 53), (1 << 53) + 1]
    + [(1 << 62), HIGHEST - 1, HIGHEST]
)
VALUES = st.sampled_from([NAN, INF, -INF, -0.0, 0.0, 1.0, 1.0, -5.5, 1e308])
ATTEMPTS = st.lists(
    st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=12), min_size=1, max_size=3
)
ENDS = st.none() | STEPS.map(float) | st.sampled_from([-1e300, 1e300, 0.5])


@pytest.fixture(scope="module")
def many_runs(tmp_path_factory):
    """Return an index, and names for runs that are not there yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Index.open(tmp_path_factory.mktemp("runs")) as index:
            yield index, map(str, itertools.count())


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ATTEMPTS, ENDS, ENDS, ENDS, st.sampled_from([4, 5, 100]))
@example([[((1 << 53), 1.0)], [((1 << 53) + 1, 2.0)]], None, None, None, 100)
@example([[(LOWEST, 1.0), (HIGHEST, 2.0)], [(LOWEST, 3.0)]], None, None, None, 100)
def test_odd_steps_are_shown_like_any(tmp_path_factory, attempts, x_min, x_max, until, most):
    with Index.open(tmp_path_factory.mktemp("runs")) as index:
        for number, points in enumerate(attempts):
            steps, values = zip(*points, strict=True)
            put(index, batch("loss", values, steps=steps, attempt=number))

        shown = window(index, "run", "loss", x_min=x_min, x_max=x_max, until=until, max_points=most)

    begins = [min(step for step, _ in points) for points in attempts]
    low = -math.inf if x_min is None else x_min
    high = min(math.inf if each is None else each for each in (x_max, until))
    expected = [
        (step, value)
        for number, points in enumerate(attempts)
        for step, value in points
        if low <= step <= high and all(step < begin for begin in begins[number + 1 :])
    ]
    expected.sort(key=lambda point: point[0])
    assert shown.points == len(expected)
    got = list(zip(shown.step.tolist(), shown.value.tolist(), strict=True))
    if len(expected) <= most:
        assert repr(got) == repr(expected)
    else:
        assert {repr(each) for each in got} <= {repr(each) for each in expected}
        finite = [value for _, value in expected if math.isfinite(value)]
        seen = [value for _, value in got if math.isfinite(value)]
        assert [min(seen, default=0), max(seen, default=0)] == [
            min(finite, default=0),
            max(finite, default=0),
        ]
        assert sum(not math.isfinite(value) for _, value in got) == len(expected) - len(finite)
    ghosts = sum(len(ghost.step) for ghost in shown.ghosts)
    assert (ghosts > 0) == any(
        low <= step <= high and any(step >= begin for begin in begins[number + 1 :])
        for number, points in enumerate(attempts)
        for step, _ in points
    )
