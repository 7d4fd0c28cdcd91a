"""The columns of a heatmap: stretches of steps of equal width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.index.blocks import SIZES
from vizkit.index.columns import Ints
from vizkit.index.lane import LaneKey
from vizkit.index.view import LaneView
from vizkit.playback.frame import Span


@dataclass(frozen=True)
class Grid:
    """Columns over the steps first..last, both included."""

    first: int
    last: int
    columns: int

    @property
    def starts(self) -> Ints:
        """Return the step at which each column begins; exact for any int64."""
        span = self.last - self.first + 1
        return np.array([self.first + c * span // self.columns for c in range(self.columns)])

    def block_size(self, entry: np.void) -> int:
        """Return how many rows of a chunk may be taken together: at most half a column's steps."""
        half = (self.last - self.first + 1) / self.columns / 2
        span = int(entry["last"]["step"]) - int(entry["first"]["step"]) + 1
        rows = half * int(entry["count"]) / span
        return max((size for size in SIZES if size <= rows), default=1)

    def column_of(self, steps: Ints) -> NDArray[np.intp]:
        """Return the column of each step."""
        return np.searchsorted(self.starts, steps, side="right") - 1

    def within(self, span: Span | None) -> tuple[float, float]:
        """Return the first and last step of an attempt that is drawn in `span` (half-open)."""
        if span is None:
            return (math.inf, -math.inf)
        return (max(self.first, span[0]), min(self.last, span[1] - 1))


def grid_of(
    lanes: Iterable[tuple[LaneKey, LaneView]],
    columns: int,
    x_min: float | None,
    x_max: float | None,
    until: float | None,
) -> Grid | None:
    """Return the grid over what there is inside the range; None where there is nothing.

    Its last column ends at the last known step, or at x_max or until if that is nearer.
    """
    low = -math.inf if x_min is None else x_min
    high = min(each for each in (x_max, until, math.inf) if each is not None)
    spans = [span for _, lane in lanes for span in _steps_of(lane)]
    spans = [(a, b) for a, b in spans if a <= high and b >= low]
    if not spans or low > high:
        return None
    first = max(min(a for a, _ in spans), _at_least(low))
    last = min(max(b for _, b in spans), _at_most(high))
    return Grid(first, last, min(columns, last - first + 1)) if first <= last else None


def _steps_of(lane: LaneView) -> list[tuple[int, int]]:
    first, last = lane.directory[:, 0]["first"]["step"], lane.directory[:, 0]["last"]["step"]
    spans = list(zip(first.tolist(), last.tolist(), strict=True))
    if len(lane.open):
        spans.append((int(lane.open.step.min()), int(lane.open.step.max())))
    return spans


def _at_least(x: float) -> int:
    return -(1 << 63) if x == -math.inf else math.ceil(x)


def _at_most(x: float) -> int:
    return (1 << 63) - 1 if x == math.inf else math.floor(x)
