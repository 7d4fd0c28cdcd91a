"""What the tests of the web app share: an index that grows by hand."""

from __future__ import annotations

import numpy as np

from vizkit.events.batch import Batch, Points, TailState
from vizkit.index import Index

RUN, TAG = "r", "loss"


def append(
    index: Index, count: int, *, tag: str = TAG, attempt: int = 0, first_wall: float = 0.5
) -> set[tuple[str, str]]:
    """Append points to a series of run `r`: steps go on, values are twice the step."""
    first = written(index, tag)
    step = np.arange(first, first + count, dtype=np.int64)
    zeros = np.zeros(count, np.int32)
    points = Points((tag,), zeros, step, step + first_wall, step * 2.0, zeros + np.int32(attempt))
    return index.append(RUN, "f", Batch(points, attempt=attempt), TailState())


def written(index: Index, tag: str) -> int:
    """Return how many points a series has."""
    if RUN not in {row.name for row in index.runs()}:
        return 0
    return {row.tag: row.points for row in index.tags(RUN)}.get(tag, 0)
