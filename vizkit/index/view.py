"""A series as it stood at one moment, readable without a lock while it goes on growing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vizkit.index.blocks import Blocks, blocks_of
from vizkit.index.columns import Chunk, Columns, Peek, joined
from vizkit.index.lane import Begin, Lane
from vizkit.index.pyramid import ENTRY, FINE, Entries, summarise
from vizkit.index.spans import Wanted

_TOGETHER = 16


class Chunks(Protocol):
    """Where sealed chunks are read from."""

    def load(self, wanted: Sequence[Wanted]) -> None:
        """Read many columns at once, for `points` and `fine` to find."""

    def points(self, lane: int, chunks: Sequence[int], position: int) -> list[Columns]:
        """Return the points of one column of sealed chunks."""

    def fine(self, lane: int, chunks: Sequence[int]) -> Entries:
        """Return the entries of FINE points of ascending chunks of a one-column lane."""

    def peek(self, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Peek]:
        """Return the steps of sealed chunks, by (lane, chunk), and a way to their rows."""

    def parked_steps(self, places: Mapping[int, int]) -> dict[int, Peek]:
        """Return the steps of parked open chunks (chunk by lane)."""

    def parked_peeks(self, places: Mapping[int, int]) -> dict[int, Peek]:
        """Return the steps of parked open chunks (chunk by lane), and a way to their rows."""

    def blocks(self, lane: int, no: int, size: int) -> Blocks:
        """Return the blocks of `size` rows of a sealed chunk."""


@dataclass(frozen=True)
class LaneView:
    """A lane at one moment. directory: shape (chunks, k); open: the rows behind the chunks.

    parked: how many of those lie in the database only and were left there.
    """

    number: int
    width: int
    directory: Entries
    open: Chunk
    waiting: Mapping[int, Chunk]
    begins: Mapping[int, Begin]
    source: Chunks
    parked: int = 0

    @property
    def count(self) -> int:
        """Return how many rows there are."""
        return int(self.directory["count"][:, 0].sum()) + len(self.open) + self.parked

    def blocks(self, no: int, size: int) -> Blocks:
        """Return the blocks of `size` rows of a sealed chunk, for a heatmap."""
        waiting = self.waiting.get(no)
        if waiting is None:
            return self.source.blocks(self.number, no, size)
        return blocks_of(waiting, size)

    def fine(self, chunks: Sequence[int]) -> Entries:
        """Return the entries of FINE points of sealed chunks, ascending; one column only."""
        written = [no for no in chunks if no not in self.waiting]
        parts = [self.source.fine(self.number, written)] if written else []
        waiting = [no for no in chunks if no in self.waiting]
        parts += [summarise(self.waiting[no], no, FINE)[:, 0] for no in waiting]
        return np.concatenate(parts) if parts else np.empty(0, ENTRY)

    def points(self, chunks: Sequence[int], position: int) -> list[Columns]:
        """Return one column of sealed chunks."""
        written = [no for no in chunks if no not in self.waiting]
        read = self.source.points(self.number, written, position) if written else []
        found = dict(zip(written, read, strict=True))
        return [found[no] if no in found else self.waiting[no].column(position) for no in chunks]

    def read(self, position: int, start: int, stop: int) -> Iterator[Columns]:
        """Give the points with ordinals [start, stop) of one column, chunk by chunk."""
        ends = self.directory["count"][:, 0].cumsum(dtype=np.int64)
        sealed = int(ends[-1]) if len(ends) else 0
        first, behind = np.searchsorted(ends, [start, stop], side="right").tolist()
        touched = range(first, min(behind + 1, len(ends)))
        for few in (touched[at : at + _TOGETHER] for at in range(0, len(touched), _TOGETHER)):
            for no, points in zip(few, self.points(few, position), strict=True):
                begin = int(ends[no]) - len(points)
                yield points.take(slice(max(0, start - begin), max(0, stop - begin)))
        if stop > sealed:
            yield self.open.column(position).take(slice(max(0, start - sealed), stop - sealed))


@dataclass(frozen=True)
class SeriesView:
    """A series at one moment: columns of one lane, or of several that took over one by one.

    origin: the run's first wall time. Later lanes begin only when the earlier grow no more, so
    ordinals never shift.
    """

    lanes: Sequence[tuple[LaneView, int]]
    origin: float

    @property
    def count(self) -> int:
        """Return how many points there are."""
        return sum(lane.count for lane, _ in self.lanes)

    @property
    def begins(self) -> dict[int, Begin]:
        """Return where each attempt begins, by attempt."""
        merged: dict[int, Begin] = {}
        for lane, _ in self.lanes:
            for attempt, begin in lane.begins.items():
                known = merged.get(attempt, begin)
                step, wall = min(known.step, begin.step), min(known.wall_time, begin.wall_time)
                merged[attempt] = Begin(step, wall)
        return merged

    def parts(self, start: int = 0, stop: int | None = None) -> Iterator[Columns]:
        """Give the points with ordinals [start, stop) in arrival order, chunk by chunk."""
        stop = self.count if stop is None else stop
        for lane, position in self.lanes:
            count = lane.count
            if start < count and stop > 0:
                yield from lane.read(position, max(0, start), min(stop, count))
            start, stop = start - count, stop - count

    def read(self, start: int = 0, stop: int | None = None) -> Columns:
        """Return the points with ordinals [start, stop) in arrival order."""
        return joined(list(self.parts(start, stop)))


def view_of(lane: Lane, source: Chunks, parked: Chunk | None = None) -> LaneView:
    """Return the lane as it stands; call it under the lock that guards the lane.

    parked: its open chunk if that lies in the database; without it, it is left there.
    """
    return LaneView(
        number=lane.number,
        width=lane.width,
        directory=lane.directory.view(),
        open=lane.awake() if parked is None else parked,
        waiting=dict(lane.waiting),
        begins=dict(lane.begins),
        source=source,
        parked=lane.parked_rows if parked is None else 0,
    )
