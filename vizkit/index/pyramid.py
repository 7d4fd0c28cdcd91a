"""Entries: what a stretch of points comes down to without losing a spike or a NaN."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vizkit.index.columns import Chunk, Floats

CHUNK = 4096
FAN_OUT = 16
FINE = CHUNK // FAN_OUT
"""Points of an entry of the lower level; one of the upper level stands for a whole chunk."""

POINT = np.dtype([("step", "<i8"), ("wall", "<f8"), ("value", "<f8")])
ENTRY = np.dtype(
    [
        ("first", POINT),  # lowest step, the earliest of several
        ("last", POINT),  # highest step, the latest of several
        ("low", POINT),  # of the finite values; value is NaN where there are none
        ("high", POINT),
        ("odd", POINT),  # the first non-finite value; meaningless where odd_count is 0
        ("wall_lo", "<f8"),
        ("wall_hi", "<f8"),
        ("count", "<i4"),
        ("odd_count", "<i4"),
        ("attempt", "<i4"),
        ("chunk", "<i4"),  # which chunk, and from which of its rows on
        ("row", "<i8"),
    ]
)
Entries = NDArray[np.void]


@lru_cache(1024)
def no_entries(width: int) -> Entries:
    """Return the entries of no chunks; shape (0, width)."""
    return np.empty((0, width), ENTRY)


def summarise(chunk: Chunk, no: int, size: int) -> Entries:
    """Return the entries of `size` rows each of chunk `no`; shape (ceil(n / size), k)."""
    rows = _blocks(len(chunk), size)
    entries = np.zeros((rows.shape[0], chunk.value.shape[1]), ENTRY)
    entries["chunk"], entries["row"] = no, rows[:, :1]
    entries["attempt"] = chunk.attempt
    entries["count"] = np.minimum(size, len(chunk) - rows[:, :1])
    _put_span(entries, chunk, rows)
    _put_extremes(entries, chunk, rows)
    return entries


def _blocks(n: int, size: int) -> NDArray[np.int64]:
    """Return row numbers, a block a line; the last line repeats the last row."""
    starts = np.arange(0, n, size)
    rows: NDArray[np.int64] = np.minimum(starts[:, None] + np.arange(min(size, n)), n - 1)
    return rows


def _put_span(entries: Entries, chunk: Chunk, rows: NDArray[np.int64]) -> None:
    steps, walls = chunk.step[rows], chunk.wall_time[rows]
    first = steps.argmin(axis=1)
    last = rows.shape[1] - 1 - steps[:, ::-1].argmax(axis=1)
    _put_points(entries["first"], chunk, rows, np.broadcast_to(first[:, None], entries.shape))
    _put_points(entries["last"], chunk, rows, np.broadcast_to(last[:, None], entries.shape))
    entries["wall_lo"] = np.fmin.reduce(walls, axis=1)[:, None]
    entries["wall_hi"] = np.fmax.reduce(walls, axis=1)[:, None]


def _put_extremes(entries: Entries, chunk: Chunk, rows: NDArray[np.int64]) -> None:
    values = chunk.value[rows]
    odd = ~np.isfinite(values)
    if odd.any():
        real = np.arange(rows.shape[1]) < entries["count"][:, :1]
        entries["odd_count"] = np.count_nonzero(odd & real[:, :, None], axis=1)
        _put_points(entries["odd"], chunk, rows, odd.argmax(axis=1))
        low, high = np.where(odd, np.inf, values), np.where(odd, -np.inf, values)
    else:
        low = high = values
    _put_points(entries["low"], chunk, rows, low.argmin(axis=1))
    _put_points(entries["high"], chunk, rows, high.argmax(axis=1))
    empty = entries["odd_count"] == entries["count"]
    entries["low"]["value"][empty] = np.nan
    entries["high"]["value"][empty] = np.nan


def _put_points(
    target: Entries, chunk: Chunk, rows: NDArray[np.int64], chosen: NDArray[np.int64]
) -> None:
    """Write the points at `chosen` positions (shape (blocks, k)) of each block."""
    row = np.take_along_axis(rows, chosen, axis=1)
    target["step"] = chunk.step[row]
    target["wall"] = chunk.wall_time[row]
    target["value"] = chunk.value[row, np.arange(row.shape[1])]


def wall_ordered(entries: Entries) -> NDArray[np.bool_]:
    """Tell of each entry whether its first and last point are also those in time."""
    first: Floats = entries["first"]["wall"]
    last: Floats = entries["last"]["wall"]
    ordered: NDArray[np.bool_] = (first == entries["wall_lo"]) & (last == entries["wall_hi"])
    return ordered
