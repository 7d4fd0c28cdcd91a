"""Rows of open chunks as they came in: cheap to add to, read once when the index is opened."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from vizkit.index.columns import Chunk

_HEAD = struct.Struct("<qqqiiB")


@dataclass(frozen=True)
class Stretch:
    """Rows of a lane from ordinal `start` on."""

    lane: int
    start: int
    rows: Chunk


def packed(stretches: Iterable[Stretch]) -> bytes:
    """Return stretches as bytes."""
    return b"".join(piece for stretch in stretches for piece in _pieces(stretch))


def unpacked(data: memoryview) -> Iterator[Stretch]:
    """Give the stretches that were packed."""
    at = 0
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
