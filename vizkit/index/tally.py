"""Running figures of series, as bytes: what a table of runs shows without reading a chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.index.columns import Chunk, Matrix

TALLY = np.dtype(
    [
        ("rows", "<i8"),  # how many were counted
        ("first_step", "<i8"),
        ("last_step", "<i8"),
        ("wall_lo", "<f8"),
        ("wall_hi", "<f8"),
        ("last", "<f8"),  # of the highest step of the latest attempt, the latest of several
        ("low", "<f8"),  # of the finite values; NaN where there are none
        ("high", "<f8"),
        ("odd", "<i8"),  # how many values are not finite
        ("attempt", "<i4"),  # those of `last`
        ("at", "<i8"),
    ]
)
Tallies = NDArray[np.void]
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1
_NAN = float("nan")


@lru_cache(1024)
def nothing(width: int) -> bytes:
    """Return the tally of a lane without rows."""
    none = (0, _HIGHEST, _LOWEST, _NAN, _NAN, _NAN, _NAN, _NAN, 0, -1, _LOWEST)
    return np.array([none], TALLY).tobytes() * width


def parsed(tallies: Sequence[bytes]) -> Tallies:
    """Return the tallies of lanes, one after the other; shape (all their series,)."""
    return np.frombuffer(b"".join(tallies), TALLY)


def added(known: Sequence[bytes], chunks: Sequence[Chunk]) -> Iterator[bytes]:
    """Give each lane's tally with the rows of its chunk counted.

    The lanes are of one width; chunks: none of them empty. Many are counted at once: one by one
    takes longer.
    """
    width = chunks[0].value.shape[1]
    old = parsed(known).reshape(len(chunks), width)
    data = _merged(old, _counted(chunks, width)).tobytes()
    size = width * TALLY.itemsize
    return (data[at : at + size] for at in range(0, len(data), size))


def merged(tallies: Tallies) -> Tallies:
    """Return the tally of one series that several lanes hold, in the order they took it."""
    result = tallies[:1]
    for place in range(1, len(tallies)):
        result = _merged(result, tallies[place : place + 1])
    return result


def _counted(chunks: Sequence[Chunk], width: int) -> Tallies:
    """Return the tallies of chunks by themselves; shape (chunks, width)."""
    lengths = np.array([len(chunk) for chunk in chunks])
    starts = lengths.cumsum() - lengths
    step = np.concatenate([chunk.step for chunk in chunks])
    wall = np.concatenate([chunk.wall_time for chunk in chunks])
    value = np.concatenate([chunk.value for chunk in chunks])
    found = np.empty((len(chunks), width), TALLY)
    found["rows"] = lengths[:, None]
    found["attempt"] = np.array([chunk.attempt for chunk in chunks])[:, None]
    found["first_step"] = np.minimum.reduceat(step, starts)[:, None]
    found["at"] = found["last_step"] = np.maximum.reduceat(step, starts)[:, None]
    found["wall_lo"] = np.fmin.reduceat(wall, starts)[:, None]
    found["wall_hi"] = np.fmax.reduceat(wall, starts)[:, None]
    latest = np.where(step == np.repeat(found["at"][:, 0], lengths), np.arange(len(step)), 0)
    found["last"] = value[np.maximum.reduceat(latest, starts)]
    _put_extremes(found, value, starts)
    return found


def _put_extremes(found: Tallies, value: Matrix, starts: NDArray[np.int64]) -> None:
    odd = ~np.isfinite(value)
    found["odd"] = np.add.reduceat(odd, starts, axis=0, dtype=np.int64)
    finite: NDArray[np.floating[Any]] = np.where(odd, np.nan, value) if odd.any() else value
    found["low"] = np.fmin.reduceat(finite, starts, axis=0)
    found["high"] = np.fmax.reduceat(finite, starts, axis=0)


def _merged(old: Tallies, new: Tallies) -> Tallies:
    both = np.empty_like(new)
    both["rows"], both["odd"] = old["rows"] + new["rows"], old["odd"] + new["odd"]
    both["first_step"] = np.minimum(old["first_step"], new["first_step"])
    both["last_step"] = np.maximum(old["last_step"], new["last_step"])
    both["wall_lo"] = np.fmin(old["wall_lo"], new["wall_lo"])
    both["wall_hi"] = np.fmax(old["wall_hi"], new["wall_hi"])
    both["low"] = np.fmin(old["low"], new["low"])
    both["high"] = np.fmax(old["high"], new["high"])
    later = (new["attempt"] > old["attempt"]) | (
        (new["attempt"] == old["attempt"]) & (new["at"] >= old["at"])
    )
    for name in ("attempt", "at", "last"):
        both[name] = np.where(later, new[name], old[name])
    return both
