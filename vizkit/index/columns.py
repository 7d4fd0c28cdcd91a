"""Columns of points: of one series, and of a chunk that several series share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Columns:
    """Points of one series in arrival order.

    step: shape (n,), int64. wall_time (seconds), value: shape (n,), float64. attempt: (n,), int32.
    """

    step: Ints
    wall_time: Floats
    value: Floats
    attempt: NDArray[np.int32]

    def __len__(self) -> int:
        """Return how many points there are."""
        return int(self.step.size)

    def take(self, chosen: Any) -> Columns:
        """Return the points that a slice, a mask or an array of positions chooses."""
        return Columns(
            self.step[chosen], self.wall_time[chosen], self.value[chosen], self.attempt[chosen]
        )


@dataclass(frozen=True)
class Chunk:
    """Rows of a lane that share one attempt.

    step, wall_time: shape (n,). value: shape (n, k), float32 or float64, one column a series.
    """

    step: Ints
    wall_time: Floats
    value: Matrix
    attempt: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self.step.size)

    def rows(self, start: int, stop: int) -> Chunk:
        """Return a stretch of the rows, as views."""
        part = slice(start, stop)
        return Chunk(self.step[part], self.wall_time[part], self.value[part], self.attempt)

    def peek(self) -> Peek:
        """Return the steps, and a way to the rows."""
        return Peek(self.step, self.attempt, lambda row: self.value[row].astype(np.float64))

    def column(self, position: int) -> Columns:
        """Return the points of one series."""
        attempt = np.full(len(self), self.attempt, np.int32)
        value = self.value[:, position].astype(np.float64, copy=False)
        return Columns(self.step, self.wall_time, value, attempt)


@dataclass(frozen=True)
class Peek:
    """The steps of a chunk. row: gives the values of one of its rows, shape (k,).

    It is None where only the steps were read.
    """

    step: Ints
    attempt: int
    row: Callable[[int], Floats] | None


def no_columns() -> Columns:
    """Return no points at all."""
    floats = np.empty(0)
    return Columns(np.empty(0, np.int64), floats, floats, np.empty(0, np.int32))


def joined(parts: Sequence[Columns]) -> Columns:
    """Return the points of all parts, one after the other."""
    if not parts:
        return no_columns()
    if len(parts) == 1:
        return parts[0]
    return Columns(
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.wall_time for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.attempt for part in parts]),
    )
