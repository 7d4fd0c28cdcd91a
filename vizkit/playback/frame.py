"""The x axis of a view, its range, and which attempt is drawn where."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import UsageError
from vizkit.index.columns import Columns, Floats, Ints
from vizkit.index.lane import Begin, LaneKey
from vizkit.index.pyramid import Entries, wall_ordered
from vizkit.index.view import LaneView

AXES = ("step", "relative", "wall")
LOWEST, HIGHEST = -(1 << 63), (1 << 63) - 1
Span = tuple[float, float]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """An axis with its range [low, high], both ends included.

    axis: "step", "wall" (seconds since 1970) or "relative" (seconds since `origin`). until: where
    the playhead stands; what happened behind it is not known. It is never below high.
    """

    axis: str
    origin: float
    low: float
    high: float
    until: float

    def x_of(self, points: Columns) -> Ints | Floats:
        """Return the points' places on the axis."""
        return self.place(points.step, points.wall_time)

    def place(self, step: Ints, wall_time: Floats) -> Ints | Floats:
        """Return the places on the axis of steps and wall times."""
        if self.axis == "step":
            return step
        return wall_time - self.origin if self.axis == "relative" else wall_time

    def span(self, entries: Entries) -> tuple[Ints | Floats, Ints | Floats]:
        """Return the first and last place on the axis of each entry."""
        return (
            self.place(entries["first"]["step"], entries["wall_lo"]),
            self.place(entries["last"]["step"], entries["wall_hi"]),
        )

    def trusts(self, entries: Entries) -> Mask:
        """Tell which entries' first and last points are so on this axis too."""
        return np.ones(len(entries), bool) if self.axis == "step" else wall_ordered(entries)


def frame(
    axis: str, origin: float, x_min: float | None, x_max: float | None, until: float | None
) -> Frame:
    """Return the frame of a request.

    Raises:
        UsageError: for an axis other than step, relative, wall, or an end that is NaN.
    """
    if axis not in AXES:
        raise UsageError(f"Axis {axis!r} is not known; use one of {', '.join(AXES)}.")
    low = _end("x_min", x_min, -math.inf)
    known = _end("until", until, math.inf)
    high = min(_end("x_max", x_max, math.inf), known)
    if axis == "step":
        low, high = _whole(low, high)
    return Frame(axis, origin, low, high, known)


def _end(name: str, value: float | None, otherwise: float) -> float:
    if value is not None and math.isnan(value):
        raise UsageError(f"{name} is no number.")
    return otherwise if value is None else value


def _whole(low: float, high: float) -> tuple[int, int]:
    """Return the steps between two ends: whole numbers, since floats are too coarse for some."""
    if low > HIGHEST or high < LOWEST:
        return HIGHEST, LOWEST
    first = LOWEST if low <= LOWEST else math.ceil(low)
    return first, HIGHEST if high >= HIGHEST else math.floor(high)


def drawn_steps(begins: Mapping[int, Begin], frame: Frame) -> dict[int, Span]:
    """Return the half-open span of steps in which each attempt is drawn.

    A later attempt covers the earlier ones from its first step on. On the time axes an attempt
    that began behind `until` is not known yet; on the step axis attempts are as they are
    now, since steps do not tell when a restart happened.
    """
    spans: dict[int, Span] = {}
    behind = np.inf
    for attempt in sorted(begins, reverse=True):
        begin = begins[attempt]
        if frame.axis != "step" and _when(begin, frame) > frame.until:
            continue
        spans[attempt] = (-np.inf, behind)
        behind = min(behind, begin.step)
    return spans


def drawn_by_tag(lanes: Iterable[tuple[LaneKey, LaneView]]) -> dict[str, dict[int, Span]]:
    """Return drawn_steps on the step axis for each lane's tag, all its layouts together."""
    begins: dict[str, dict[int, Begin]] = defaultdict(dict)
    for key, lane in lanes:
        for attempt, begin in lane.begins.items():
            known = begins[key.tag].get(attempt, begin)
            begins[key.tag][attempt] = min(known, begin, key=lambda each: each.step)
    steps = frame("step", 0.0, None, None, None)
    return {tag: drawn_steps(of_tag, steps) for tag, of_tag in begins.items()}


def ghost_steps(drawn: Mapping[int, Span]) -> dict[int, Span]:
    """Return where earlier attempts go on behind the step at which a later one took over."""
    return {attempt: (stop, np.inf) for attempt, (_, stop) in drawn.items() if stop < np.inf}


def _when(begin: Begin, frame: Frame) -> float:
    return begin.wall_time - frame.origin if frame.axis == "relative" else begin.wall_time
