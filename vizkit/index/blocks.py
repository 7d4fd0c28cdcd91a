"""Blocks of rows as a heatmap needs them: the highest finite value, and whether any is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.index.columns import Chunk, Ints, Matrix

SIZES = (16, 256)
"""Rows of a block, for the sizes that are kept beside a chunk."""

_HIGHEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Blocks:
    """Blocks of the rows of one attempt.

    step: shape (b,), the lowest of each. top: shape (b, k), float32, the
    highest finite value, -inf where there is none. odd: shape (b, k), whether any is not finite.
    """

    step: Ints
    top: NDArray[np.float32]
    odd: NDArray[np.bool_]
    attempt: int


def blocks_of(chunk: Chunk, size: int) -> Blocks:
    """Return blocks of `size` rows; of size 1 each row is its own."""
    top, odd = _tops(chunk.value)
    if size == 1:
        return Blocks(chunk.step, top, odd, chunk.attempt)
    starts = np.arange(0, len(chunk), size)
    return Blocks(
        step=np.minimum.reduceat(chunk.step, starts),
        top=highest(top, starts),
        odd=any_true(odd, starts),
        attempt=chunk.attempt,
    )


def highest(values: NDArray[np.float32], starts: NDArray[Any]) -> NDArray[np.float32]:
    """Return the highest of each stretch of rows; starts: where each begins."""
    result: NDArray[np.float32] = np.maximum.reduceat(values, starts, axis=0)
    return result


def any_true(flags: NDArray[np.bool_], starts: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether any row of each stretch is true."""
    if not flags.any():
        return np.zeros((len(starts), flags.shape[1]), bool)
    result: NDArray[np.bool_] = np.logical_or.reduceat(flags, starts, axis=0)
    return result


def _tops(value: Matrix) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    odd = ~np.isfinite(value)
    if value.dtype != np.float32:
        value = np.clip(value, -_HIGHEST, _HIGHEST)
    top = value.astype(np.float32, copy=False)
    return (np.where(odd, np.float32(-np.inf), top) if odd.any() else top), odd
