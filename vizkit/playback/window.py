"""The one way charts get points: a range of an axis, as known at the playhead, few and exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.columns import Floats, Ints
from vizkit.index.view import SeriesView
from vizkit.playback.frame import Frame, drawn_steps, frame, ghost_steps
from vizkit.playback.gather import Plan, gather, plan
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
    return of_view(index.series(run, tag), Request(x_min, x_max, until, max_points, axis))


@dataclass(frozen=True)
class Request:
    """Which part of a series is wanted, in how many points; see `window`."""

    x_min: float | None = None
    x_max: float | None = None
    until: float | None = None
    max_points: int = 2000
    axis: str = "step"

    def __post_init__(self) -> None:
        """Refuse what cannot be answered."""
        if self.max_points < 4:
            raise UsageError(f"max_points is {self.max_points!r}; it must be 4 or more.")

    def frame(self, origin: float) -> Frame:
        """Return its frame for a run that began at `origin`."""
        return frame(self.axis, origin, self.x_min, self.x_max, self.until)


def of_view(view: SeriesView, request: Request) -> Window:
    """Return the window of a series as it stands."""
    return drawn(view, plans(view, request), request.max_points)


def plans(view: SeriesView, request: Request) -> list[tuple[int | None, Plan]]:
    """Return what is to be read: of the drawn attempts (None), then of each ghost."""
    shown = request.frame(view.origin)
    steps = drawn_steps(view.begins, shown)
    ghosts = sorted(ghost_steps(steps).items())
    ghost_buckets = _ghost_budget(request.max_points) // 4
    return [
        (None, plan(view, shown, steps, request.max_points // 4)),
        *((each, plan(view, shown, {each: span}, ghost_buckets)) for each, span in ghosts),
    ]


def drawn(view: SeriesView, planned: Sequence[tuple[int | None, Plan]], max_points: int) -> Window:
    """Read what was planned, and bring it down to a window."""
    (_, main), *others = planned
    found = gather(main)
    points = thinned(found, main.frame, max_points)
    x = main.frame.x_of(points)
    ghosts = [_ghost(attempt or 0, each, max_points) for attempt, each in others]
    return Window(
        step=points.step,
        wall_time=points.wall_time,
        value=points.value,
        points=found.count,
        nonfinite=found.odd_count,
        exact=len(points) == found.count,
        ghosts=tuple(ghost for ghost in ghosts if len(ghost.step)),
        total=view.count,
        x_min=float(x[0]) if len(x) else None,
        x_max=float(x[-1]) if len(x) else None,
    )


def _ghost(attempt: int, planned: Plan, max_points: int) -> Ghost:
    points = thinned(gather(planned), planned.frame, _ghost_budget(max_points))
    return Ghost(attempt, points.step, points.wall_time, points.value)


def _ghost_budget(max_points: int) -> int:
    return max(4, max_points // _GHOST_SHARE)
