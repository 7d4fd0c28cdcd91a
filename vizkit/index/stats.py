"""The rows of series, from the entries of their chunks and their open points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vizkit.index.lane import LaneKey
from vizkit.index.pyramid import CHUNK, Entries, summarise
from vizkit.index.rows import SeriesRow
from vizkit.index.view import LaneView


def series_rows(view: LaneView, key: LaneKey) -> list[SeriesRow]:
    """Return a row for each series of a lane, without reading a chunk from disk."""
    entries = _all_entries(view)
    if not len(entries):
        return []
    last = _latest(entries)
    low = np.fmin.reduce(entries["low"]["value"], axis=0)
    high = np.fmax.reduce(entries["high"]["value"], axis=0)
    odd = entries["odd_count"].sum(axis=0)
    shared = SeriesRow(
        tag="",
        kind="scalar" if key.names is None else "vector",
        points=view.count,
        first_step=int(entries["first"]["step"].min()),
        last_step=int(entries["last"]["step"].max()),
        first_wall=float(np.fmin.reduce(entries["wall_lo"], axis=None)),
        last_wall=float(np.fmax.reduce(entries["wall_hi"], axis=None)),
        last=0.0,
        min=0.0,
        max=0.0,
        nonfinite=0,
        group=None if key.names is None else key.tag,
    )
    columns = zip(last.tolist(), low.tolist(), high.tolist(), odd.tolist(), strict=True)
    return [
        replace(
            shared,
            tag=tag,
            last=end,
            min=lo,
            max=hi,
            nonfinite=n,
            position=None if key.names is None else position,
        )
        for position, (tag, (end, lo, hi, n)) in enumerate(zip(key.series, columns, strict=True))
    ]


def merged(rows: Sequence[SeriesRow]) -> SeriesRow:
    """Return the row of a series that several lanes hold, the latest lane last."""
    if len(rows) == 1:
        return rows[0]
    return replace(
        rows[-1],
        points=sum(row.points for row in rows),
        first_step=min(row.first_step for row in rows),
        last_step=max(row.last_step for row in rows),
        first_wall=min(row.first_wall for row in rows),
        last_wall=max(row.last_wall for row in rows),
        min=float(np.fmin.reduce([row.min for row in rows])),
        max=float(np.fmax.reduce([row.max for row in rows])),
        nonfinite=sum(row.nonfinite for row in rows),
    )


def _all_entries(view: LaneView) -> Entries:
    if not len(view.open):
        return view.directory
    return np.concatenate([view.directory, summarise(view.open, len(view.directory), CHUNK)])


def _latest(entries: Entries) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return each column's value at the highest step of the latest attempt; shape (k,)."""
    attempt = entries["attempt"][:, 0]
    newest = entries[attempt == attempt.max()]
    steps = newest["last"]["step"][:, 0]
    row = len(steps) - 1 - int(steps[::-1].argmax())
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = newest["last"]["value"][row]
    return values
