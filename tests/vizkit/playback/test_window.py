from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN, batch, put, rows
from vizkit.errors import RunNotFoundError, TagNotFoundError, UsageError
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK
from vizkit.playback.downsample import ODD_CAP
from vizkit.playback.window import window


def test_a_short_series_is_shown_whole(index):
    put(index, batch("loss", [1, NAN, 3]))

    shown = window(index, "run", "loss")

    assert shown.step.tolist() == [0, 1, 2]
    assert (shown.points, shown.nonfinite, shown.exact, shown.total) == (3, 1, True, 3)
    assert (shown.x_min, shown.x_max) == (0, 2)


def test_a_long_series_says_how_many_points_it_stands_for(index):
    put(index, batch("loss", np.sin(np.arange(10_000))))

    shown = window(index, "run", "loss", max_points=100)

    assert len(shown.step) <= 100
    assert (shown.points, shown.exact, shown.total) == (10_000, False, 10_000)


def test_a_zoom_shows_every_point_again(index):
    put(index, batch("loss", range(10_000)))

    shown = window(index, "run", "loss", x_min=5000, x_max=5050, max_points=100)

    assert shown.step.tolist() == list(range(5000, 5051))
    assert shown.exact


def test_the_total_is_where_a_live_chart_goes_on(index):
    put(index, batch("loss", range(100)))

    shown = window(index, "run", "loss", until=50)
    put(index, batch("loss", [7.0], start=100))

    assert index.read("run", "loss", shown.total).step.tolist() == [100]


@pytest.mark.parametrize(("axis", "until"), [("step", 49), ("relative", 49.5), ("wall", 1049.5)])
def test_only_what_was_known_at_the_playhead_is_shown(index, axis, until):
    put(index, batch("loss", range(100)))

    shown = window(index, "run", "loss", until=until, axis=axis)

    assert shown.step.tolist() == list(range(50))
    assert shown.points == 50


def test_nothing_known_yet_is_an_empty_window(index):
    put(index, batch("loss", [1, 2]))

    shown = window(index, "run", "loss", until=-1)

    assert (len(shown.step), shown.points, shown.exact, shown.x_min) == (0, 0, True, None)


def test_a_restart_draws_the_later_attempt_and_keeps_the_earlier_as_a_ghost(index):
    put(index, batch("loss", [0.0] * 10))
    put(index, batch("loss", [1.0] * 8, start=5, attempt=1))

    shown = window(index, "run", "loss")

    assert shown.value.tolist() == [0.0] * 5 + [1.0] * 8
    (ghost,) = shown.ghosts
    assert (ghost.attempt, ghost.step.tolist()) == (0, [5, 6, 7, 8, 9])


def test_on_a_time_axis_a_restart_is_known_only_once_it_happened(index):
    put(index, batch("loss", [0.0] * 10))
    put(index, batch("loss", [1.0] * 5, start=5, attempt=1, wall=2000.0))

    before = window(index, "run", "loss", axis="wall", until=1500)
    after = window(index, "run", "loss", axis="wall", until=3000)

    assert (before.points, before.ghosts) == (10, ())
    assert (after.points, len(after.ghosts)) == (10, 1)


def test_steps_that_go_back_are_sorted(index):
    put(index, batch("loss", [1, 2, 3], steps=[5, 3, 4]))

    assert window(index, "run", "loss").step.tolist() == [3, 4, 5]


def test_duplicate_steps_are_all_kept(index):
    put(index, batch("loss", [1, 2, 3], steps=[4, 4, 4]))

    assert window(index, "run", "loss").value.tolist() == [1, 2, 3]


def test_steps_at_the_ends_of_int64_are_shown(index):
    ends = [-(1 << 63), 0, (1 << 63) - 1]

    put(index, batch("loss", [1, 2, 3], steps=ends))

    assert window(index, "run", "loss").step.tolist() == ends
    assert window(index, "run", "loss", x_min=-5, x_max=5).step.tolist() == [0]


def test_a_gap_of_a_billion_steps_keeps_both_sides(index):
    steps = [*range(3000), *range(10**12, 10**12 + 3000)]
    put(index, batch("loss", np.sin(np.arange(6000)), steps=steps))

    shown = window(index, "run", "loss", max_points=40)

    assert {0, 2999, 10**12, 10**12 + 2999} <= set(shown.step.tolist())


def test_a_column_of_a_vector_is_a_series_like_any(index):
    put(index, rows("g/*", "ab", np.arange(20.0).reshape(10, 2)))

    assert window(index, "run", "g/b").value.tolist() == list(range(1, 20, 2))


def test_unknown_names_and_odd_wishes_are_said_to_be_so(index):
    put(index, batch("loss", [1]))

    with pytest.raises(RunNotFoundError):
        window(index, "nope", "loss")
    with pytest.raises(TagNotFoundError):
        window(index, "run", "nope")
    with pytest.raises(UsageError, match="max_points"):
        window(index, "run", "loss", max_points=3)


@dataclass(frozen=True)
class Case:
    """A series: stretches of consecutive steps, each of an attempt; and a view of it."""

    stretches: list[tuple[int, int]]
    odd: list[int]
    spike: int
    max_points: int
    axis: str
    ends: tuple[float, float]
    until: float
    committed: bool


SHARE = st.floats(-0.1, 1.1)
CASES = st.builds(
    Case,
    stretches=st.lists(
        st.tuples(st.integers(1, 9000), st.integers(0, 5000)), min_size=1, max_size=3
    ),
    odd=st.lists(st.integers(0, 30_000), max_size=20),
    spike=st.integers(0, 30_000),
    max_points=st.sampled_from([4, 8, 40, 400]),
    axis=st.sampled_from(["step", "relative", "wall"]),
    ends=st.tuples(SHARE, SHARE).map(sorted).map(tuple),
    until=SHARE | st.just(1.1),
    committed=st.booleans(),
)


def series_of(case):
    """Return step, wall, value, attempt of a case; each stretch is an attempt that goes back."""
    steps, attempts, begin = [], [], 0
    for attempt, (length, back) in enumerate(case.stretches):
        begin = max(0, begin - back) if attempt else 0
        steps += range(begin, begin + length)
        attempts += [attempt] * length
        begin += length
    n = len(steps)
    values = np.random.default_rng(n).normal(size=n)
    values[case.spike % n] = 1e6
    for number, place in enumerate(case.odd):
        values[place % n] = (NAN, INF, -INF)[number % 3]
    return np.array(steps), 1000.0 + np.arange(n) * 0.5, values, np.array(attempts)


def drawn(step, wall, attempt, known):
    """Return which of the known points are drawn: no later attempt began at or below their step."""
    shown = known.copy()
    for later in np.unique(attempt[known]):
        begins = step[attempt == later].min()
        shown &= (attempt >= later) | (step < begins)
    return shown


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CASES)
def test_any_window_keeps_extremes_ends_order_and_every_nan(tmp_path_factory, case):
    step, wall, value, attempt = series_of(case)
    x = {"step": step, "wall": wall, "relative": wall - wall[0]}[case.axis]
    place = x.min() + (x.max() - x.min()) * np.array([*case.ends, case.until])
    x_min, x_max, until = place.tolist()
    known = (x <= until) if case.axis != "step" else np.ones(len(x), bool)
    inside = drawn(step, wall, attempt, known) & (x >= x_min) & (x <= min(x_max, until))

    with Index.open(tmp_path_factory.mktemp("runs")) as index:
        for start in range(0, len(step), 3000):
            part = slice(start, start + 3000)
            found = batch("loss", value[part], steps=step[part])
            found.points.wall_time[:], found.points.attempt[:] = wall[part], attempt[part]
            put(index, found)
        if case.committed:
            index.commit()
        shown = window(
            index,
            "run",
            "loss",
            x_min=x_min,
            x_max=x_max,
            until=until,
            max_points=case.max_points,
            axis=case.axis,
        )

    order = np.flatnonzero(inside)[np.argsort(x[inside], kind="stable")]
    there = {(s, w): v for s, w, v in zip(step[order], wall[order], value[order], strict=True)}
    got = list(zip(shown.step, shown.wall_time, shown.value, strict=True))
    assert all(np.array_equal(there[s, w], v, equal_nan=True) for s, w, v in got)
    assert len({(s, w) for s, w, _ in got}) == len(got)
    assert shown.points == len(order)
    assert shown.exact == (len(got) == len(order))
    assert shown.nonfinite == np.count_nonzero(~np.isfinite(value[order]))
    assert len(got) <= case.max_points + shown.nonfinite
    if len(order):
        finite = value[order][np.isfinite(value[order])]
        shown_x = x_of(shown, case.axis, wall[0])
        assert np.all(np.diff(shown_x) >= 0)
        assert (shown_x[0], shown_x[-1]) == (x[order[0]], x[order[-1]])
        if len(finite):
            assert finite.max() in shown.value
            assert finite.min() in shown.value
        odd = [(s, w) for s, w, v in got if not np.isfinite(v)]
        if shown.nonfinite <= ODD_CAP:
            assert len(odd) == shown.nonfinite


def x_of(shown, axis, origin):
    if axis == "step":
        return shown.step
    return shown.wall_time - origin if axis == "relative" else shown.wall_time


@pytest.mark.parametrize("committed", [False, True])
def test_a_spike_and_three_nan_are_seen_at_every_zoom(index, committed):
    n = 40 * CHUNK + 77
    values = np.random.default_rng(0).normal(size=n)
    odd = [12, 70_001, n - 3]
    values[90_210], values[odd] = 1000.0, NAN
    for start in range(0, n, 50_000):
        put(index, batch("loss", values[start : start + 50_000], start=start))
    if committed:
        index.commit()

    for width in (n, n // 2, n // 7, 3000, 100):
        for begin in range(0, n, max(width // 2, n // 20)):
            shown = window(index, "run", "loss", x_min=begin, x_max=begin + width, max_points=200)
            seen = shown.step[~np.isfinite(shown.value)].tolist()
            assert seen == [step for step in odd if begin <= step <= begin + width]
            if begin <= 90_210 <= begin + width:
                assert np.nanmax(shown.value) == 1000.0
