"""The one way charts get points: a range of an axis, as known at the playhead, few and exact."""

from __future__ import annotations

from dataclasses import dataclass

from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.columns import Floats, Ints
from vizkit.index.view import SeriesView
from vizkit.playback.frame import Frame, Span, drawn_steps, frame, ghost_steps
from vizkit.playback.gather import gather
from vizkit.playback.thin import thinned

_GHOST_SHARE = 4


@dataclass(frozen=True)
class Ghost:
    """What an earlier attempt wrote behind the step at which a later one took over."""

    attempt: int
    step: Ints
    wall_time: Floats
    value: Floats


@dataclass(frozen=True)
class Window:
    """Points in the order of the axis: drawn attempts only, non-finite ones in place.

    step: shape (n,), int64. wall_time (seconds), value: shape (n,), float64.
    points: how many the view stands for; nonfinite: how many of those are. exact: nothing was
    left out. total: the ordinal up to which the series was read. x_min, x_max: ends of what is
    shown on the axis, None without points.
    """

    step: Ints
    wall_time: Floats
    value: Floats
    points: int
    nonfinite: int
    exact: bool
    ghosts: tuple[Ghost, ...]
    total: int
    x_min: float | None
    x_max: float | None


def window(
    index: Index,
    run: str,
    tag: str,
    *,
    x_min: float | None = None,
    x_max: float | None = None,
    until: float | None = None,
    max_points: int = 2000,
    axis: str = "step",
) -> Window:
    """Return at most about `max_points` points of a series, extremes and non-finite ones kept.

    x_min, x_max (included) and until are places on `axis`: step, relative (seconds since the
    run's first point) or wall (seconds since 1970). Points behind `until` have no influence,
    except that on the step axis an attempt made later covers the earlier one already. Beyond
    max_points come non-finite points, up to ODD_CAP a bucket, and the ghosts.

    Raises:
        RunNotFoundError, TagNotFoundError: if there is no such series.
        UsageError: for an unknown axis, or max_points below 4.
    """
    if max_points < 4:
        raise UsageError(f"max_points is {max_points!r}; it must be 4 or more.")
    view = index.series(run, tag)
    shown = frame(axis, view.origin, x_min, x_max, until)
    steps = drawn_steps(view.begins, shown)
    found = gather(view, shown, steps, max_points // 4)
    points = thinned(found, shown, max_points)
    x = shown.x_of(points)
    return Window(
        step=points.step,
        wall_time=points.wall_time,
        value=points.value,
        points=found.count,
        nonfinite=found.odd_count,
        exact=len(points) == found.count,
        ghosts=tuple(
            ghost
            for attempt, span in sorted(ghost_steps(steps).items())
            if len((ghost := _ghost(view, shown, attempt, span, max_points)).step)
        ),
        total=view.count,
        x_min=float(x[0]) if len(x) else None,
        x_max=float(x[-1]) if len(x) else None,
    )


def _ghost(view: SeriesView, shown: Frame, attempt: int, span: Span, max_points: int) -> Ghost:
    budget = max(4, max_points // _GHOST_SHARE)
    points = thinned(gather(view, shown, {attempt: span}, budget // 4), shown, budget)
    return Ghost(attempt, points.step, points.wall_time, points.value)
