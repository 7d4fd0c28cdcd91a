"""Batches and indexes for tests, without files."""

from __future__ import annotations

import numpy as np

from vizkit.events.batch import Batch, Payload, Points, Rows, TailState, no_points

NAN, INF = float("nan"), float("inf")


def points(tag, values, *, start=0, steps=None, attempt=0, wall=1000.0):
    """Return points of one tag; a step takes a second."""
    step = np.arange(start, start + len(values)) if steps is None else np.asarray(steps)
    n = len(step)
    return Points(
        tags=(tag,),
        tag_index=np.zeros(n, np.int32),
        step=step.astype(np.int64),
        wall_time=wall + step.astype(float),
        value=np.asarray(values, float),
        attempt=np.full(n, attempt, np.int32),
    )


def batch(tag, values, **facts):
    return Batch(points(tag, values, **facts))


def rows(tag, names, values, *, start=0, attempt=0, dtype=np.float32):
    """Return a batch of vector rows; values: shape (m, k)."""
    values = np.asarray(values, dtype)
    step = np.arange(start, start + len(values))
    found = Rows(tag, tuple(names), step, 1000.0 + step.astype(float), values)
    return Batch(no_points(), rows=(found,), attempt=attempt)


def payload(tag="weights", plugin="histograms", *, step=0, wall_time=0.0, data=b"", offset=0):
    found = Payload(tag, plugin, step, wall_time, data, offset, len(data))
    return Batch(no_points(), payloads=(found,))


def put(index, content, *, run="run", file="file", offset=1):
    """Append a batch as if the file had been read up to `offset`."""
    return index.append(run, file, content, TailState(offset=offset))


def same(left, right):
    """Tell whether arrays are equal, NaN equal to NaN."""
    return np.array_equal(left, right, equal_nan=True)


def everything(index):
    """Return all that can be read."""
    runs = [row for row in index.runs()]
    tags = {run.name: [row.tag for row in index.tags(run.name)] for run in runs}
    points = {(run, tag): index.read(run, tag) for run, names in tags.items() for tag in names}
    return runs, tags, points


def assert_same(left, right):
    assert left[:2] == right[:2]
    for key, columns in left[2].items():
        for name in ("step", "wall_time", "value", "attempt"):
            assert same(getattr(columns, name), getattr(right[2][key], name)), (key, name)
