"""What each commit changed, and rows of open chunks as they came in.

Cheap to add to. Read once when the index is opened, and by other processes that follow it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vizkit.index.columns import Chunk

_HEAD = struct.Struct("<qqqiiB")
_COUNTS = struct.Struct("<III")


@dataclass(frozen=True)
class Changes:
    """Numbers of the runs and series whose records a commit wrote, and of runs it removed."""

    runs: tuple[int, ...] = ()
    series: tuple[int, ...] = ()
    forgotten: tuple[int, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """Rows of a lane from ordinal `start` on."""

    lane: int
    start: int
    rows: Chunk


def packed(changes: Changes, stretches: Iterable[Stretch] = ()) -> bytes:
    """Return the changes of a commit and its stretches as bytes."""
    lists = (changes.runs, changes.series, changes.forgotten)
    counts = _COUNTS.pack(*map(len, lists))
    numbers = (np.array(each, "<i8").tobytes() for each in lists)
    return b"".join([counts, *numbers, *(p for each in stretches for p in _pieces(each))])


def changes_of(data: memoryview) -> Changes:
    """Return the changes that were packed."""
    at, lists = _COUNTS.size, []
    for count in _COUNTS.unpack_from(data):
        lists.append(tuple(np.frombuffer(data, "<i8", count, at).tolist()))
        at += 8 * count
    return Changes(*lists)


def stretches_of(data: memoryview) -> Iterator[Stretch]:
    """Give the stretches that were packed."""
    at = _COUNTS.size + 8 * sum(_COUNTS.unpack_from(data))
    while at < len(data):
        lane, start, n, width, attempt, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        step = np.frombuffer(data, "<i8", n, at)
        wall = np.frombuffer(data, "<f8", n, at + 8 * n)
        value = np.frombuffer(data, f"<f{size}", n * width, at + 16 * n)
        at += 16 * n + value.nbytes
        yield Stretch(lane, start, Chunk(step, wall, value.reshape(n, width), attempt))


def _pieces(stretch: Stretch) -> tuple[bytes, ...]:
    rows = stretch.rows
    n, width = rows.value.shape
    head = _HEAD.pack(stretch.lane, stretch.start, n, width, rows.attempt, rows.value.itemsize)
    return head, rows.step.tobytes(), rows.wall_time.tobytes(), rows.value.tobytes()
