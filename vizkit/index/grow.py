"""Arrays that grow at their end; what was handed out as a view never changes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.index.columns import Chunk
from vizkit.index.pyramid import CHUNK

_SMALL = 16
_SINGLE = np.dtype(np.float32)
# Tens of thousands of lanes begin with these: they share them.
_NO_STEPS, _NO_WALLS = np.empty(0, np.int64), np.empty(0)


class Growing:
    """A matrix of `width` columns that grows by rows."""

    __slots__ = ("_data", "rows")

    def __init__(self, width: int, dtype: np.dtype[Any]) -> None:
        self.rows = 0
        self._data: NDArray[Any] = _none(width, dtype)

    def append(self, more: NDArray[Any]) -> None:
        """Append rows; more: shape (n, width)."""
        if not len(more):
            return
        stop = self.rows + len(more)
        if stop > len(self._data):
            self._data = _larger(self._data, self.rows, max(stop, 2 * len(self._data)))
        self._data[self.rows : stop] = more
        self.rows = stop

    def view(self) -> NDArray[Any]:
        """Return all rows as a view."""
        return self._data[: self.rows]


class OpenChunk:
    """The chunk that still takes rows, all of one attempt, at most CHUNK of them."""

    __slots__ = ("_first_capacity", "_step", "_value", "_wall", "attempt", "rows")

    def __init__(self, width: int, capacity: int = 0) -> None:
        self.rows = 0
        self.attempt = 0
        self._first_capacity = max(capacity, _SMALL)
        self._step, self._wall = _NO_STEPS, _NO_WALLS
        self._value: NDArray[Any] = _none(width, _SINGLE)

    @property
    def size(self) -> int:
        """Return how many bytes it takes."""
        return self._step.nbytes + self._wall.nbytes + self._value.nbytes

    def fill(self, rows: Chunk) -> int:
        """Take as many rows as fit; return how many."""
        taken = min(len(rows), CHUNK - self.rows)
        stop = self.rows + taken
        self._make_room(stop, rows.value.dtype)
        self._step[self.rows : stop] = rows.step[:taken]
        self._wall[self.rows : stop] = rows.wall_time[:taken]
        self._value[self.rows : stop] = rows.value[:taken]
        self.rows, self.attempt = stop, rows.attempt
        return taken

    def view(self) -> Chunk:
        """Return all rows as views."""
        n = self.rows
        return Chunk(self._step[:n], self._wall[:n], self._value[:n], self.attempt)

    def _make_room(self, rows: int, dtype: np.dtype[Any]) -> None:
        if dtype != np.float32 and self._value.dtype == np.float32:
            self._value = self._value.astype(np.float64)
        if rows > len(self._step):
            capacity = min(CHUNK, max(rows, 2 * len(self._step), self._first_capacity))
            self._step = _larger(self._step, self.rows, capacity)
            self._wall = _larger(self._wall, self.rows, capacity)
            self._value = _larger(self._value, self.rows, capacity)


@lru_cache(1024)
def _none(width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.empty((0, width), dtype)


def _larger(data: NDArray[Any], used: int, capacity: int) -> NDArray[Any]:
    grown = np.empty((capacity, *data.shape[1:]), data.dtype)
    grown[:used] = data[:used]
    return grown
