"""Groups of runs as one line each: mean, spread, extremes and median over a common axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.columns import Floats
from vizkit.playback.frame import Frame
from vizkit.playback.gather import Gathered, gather
from vizkit.playback.window import Request
from vizkit.playback.windows import drafts


@dataclass(frozen=True)
class Band:
    """A group over the axis; arrays of shape (n,), dtype float64.

    mean, std (of the population), median: of the runs' values at x, finite ones only; NaN where
    there is none. low, high: the lowest and highest of those, and of everything that the runs
    logged since the x before. count: how many runs have a finite value. runs: how many runs of
    the group have the series; nonfinite: how many of their points in the range are NaN or Inf.
    """

    x: Floats
    mean: Floats
    std: Floats
    low: Floats
    high: Floats
    median: Floats
    count: Floats
    runs: int
    nonfinite: int


@dataclass(frozen=True)
class _Line:
    """A run, ascending. low, high: what lies between the x before and this one."""

    x: Floats
    value: Floats
    low: Floats
    high: Floats
    nonfinite: int


def bands(
    index: Index,
    tag: str,
    groups: Mapping[str, Sequence[str]],
    *,
    x_min: float | None = None,
    x_max: float | None = None,
    until: float | None = None,
    axis: str = "step",
    columns: int = 600,
) -> dict[str, Band]:
    """Return a band for each group of runs, over one grid of at most `columns` places.

    The grid are the places where any run has a point where these are few, else places at equal
    distances. The value of a run at x is its last one up to x, from its first point in the range
    to its last: nothing is made up beyond. Of a run with more than 256 points a column it may be
    one of the 256 points before x. x_min, x_max, until, axis: see `window`.

    Raises:
        UsageError: for an unknown axis, or columns below 1.
    """
    if columns < 1:
        raise UsageError(f"columns is {columns!r}; it must be 1 or more.")
    request = Request(x_min, x_max, until, 4 * columns, axis)
    wanted = dict.fromkeys((run, tag) for runs in groups.values() for run in runs)
    lines = {}
    for draft in drafts(index, wanted, request, ghosts=False):
        ((_, plan),) = draft.planned
        line = _line(gather(plan), plan.frame)
        if len(line.x):
            lines[draft.series[0]] = line
    grid = _grid([line.x for line in lines.values()], columns, whole=axis == "step")
    return {
        key: _band(grid, [lines[run] for run in dict.fromkeys(runs) if run in lines])
        for key, runs in groups.items()
    }


def _line(found: Gathered, frame: Frame) -> _Line:
    """Return the points, and the last of each entry, in the order of the axis."""
    entries, points = found.entries, found.points
    x = np.concatenate([frame.x_of(points), frame.span(entries)[1]]).astype(np.float64)
    last, low, high = (entries[slot]["value"] for slot in ("last", "low", "high"))
    values = [np.concatenate([points.value, each]) for each in (last, low, high)]
    order = np.argsort(x, kind="stable")
    value, lowest, highest = (np.where(np.isfinite(v), v, np.nan)[order] for v in values)
    return _Line(x[order], value, lowest, highest, found.odd_count)


def _grid(places: Sequence[Floats], columns: int, *, whole: bool) -> Floats:
    if not places:
        return np.empty(0)
    if sum(map(len, places)) <= 64 * columns:
        known = np.unique(np.concatenate(places))
        if len(known) <= columns:
            return known
    low, high = min(x[0] for x in places), max(x[-1] for x in places)
    share = np.arange(1, columns + 1) / columns
    grid: Floats = np.append(low, low * (1 - share) + high * share)[-columns:]
    grid[-1] = high
    return np.unique(np.floor(grid)) if whole else grid


def _band(grid: Floats, lines: Sequence[_Line]) -> Band:
    shape = (len(lines), len(grid))
    value, low, high = (np.full(shape, np.nan) for _ in range(3))
    shown = np.zeros(len(grid), bool)
    for row, line in enumerate(lines):
        shown |= _put(line, grid, value[row], low[row], high[row])
    value, low, high = value[:, shown], low[:, shown], high[:, shown]
    count = np.count_nonzero(~np.isnan(value), axis=0)
    with np.errstate(all="ignore"):
        mean = np.nansum(value, axis=0) / count
        std = np.sqrt(np.nansum((value - mean) ** 2, axis=0) / count)
    return Band(
        x=grid[shown],
        mean=mean,
        std=std,
        low=np.fmin.reduce(low, axis=0, initial=np.nan),
        high=np.fmax.reduce(high, axis=0, initial=np.nan),
        median=_median(value, count),
        count=count.astype(np.float64),
        runs=len(lines),
        nonfinite=sum(line.nonfinite for line in lines),
    )


def _put(line: _Line, grid: Floats, value: Floats, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Write a run's last values up to each x, and the extremes since the x before.

    Returns where the run has anything.
    """
    last = np.searchsorted(line.x, grid, side="right") - 1
    inside: NDArray[np.bool_] = (last >= 0) & (grid <= line.x[-1])
    value[inside] = line.value[last[inside]]
    low[:], high[:] = value, value
    column = np.minimum(np.searchsorted(grid, line.x), len(grid) - 1)
    np.fmin.at(low, column, line.low)
    np.fmax.at(high, column, line.high)
    inside[column] = True
    return inside


def _median(value: Floats, count: NDArray[np.intp]) -> Floats:
    """Return the median of what is not NaN in each column."""
    ordered = np.sort(value, axis=0)  # NaN comes last
    if not len(ordered):
        return np.full(value.shape[1], np.nan)
    places = np.arange(value.shape[1])
    lower, upper = (ordered[at, places] for at in (np.maximum(count - 1, 0) // 2, count // 2))
    median: Floats = np.where(count > 0, lower / 2 + upper / 2, np.nan)
    return median
