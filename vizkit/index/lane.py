"""A lane: what is appended together, one scalar series or all series of one vector layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizkit.index.columns import Chunk, Floats, Ints, Matrix
from vizkit.index.grow import Growing, OpenChunk
from vizkit.index.pyramid import CHUNK, ENTRY, summarise
from vizkit.kinds.vector.names import series_tag


@dataclass(frozen=True)
class LaneKey:
    """What a lane holds; names is None for a scalar series, whose tag is its own."""

    run: str
    tag: str
    names: tuple[str, ...] | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """Return the tag of every column."""
        if self.names is None:
            return (self.tag,)
        return tuple(series_tag(self.tag, name) for name in self.names)


@dataclass(frozen=True)
class Begin:
    """Where an attempt begins in a lane: its lowest step and earliest wall time."""

    step: int
    wall_time: float


class Lane:
    """The points of a lane: sealed chunks (by their entries), and the open one.

    Rows that were appended never change, so views of them stay good without a lock; the calls
    themselves need one.
    """

    def __init__(self, number: int, key: LaneKey) -> None:
        self.number = number
        self.key = key
        self.changed = frozenset((key.run, tag) for tag in key.series)
        self.width = len(key.series)
        self.directory = Growing(self.width, ENTRY)
        self.waiting: dict[int, Chunk] = {}
        self.open = OpenChunk(self.width)
        self.begins: dict[int, Begin] = {}
        self.sealed_rows = 0

    @property
    def rows(self) -> int:
        """Return how many rows there are, the ordinal of the next."""
        return self.sealed_rows + self.open.rows

    @property
    def chunks(self) -> int:
        """Return how many chunks are sealed."""
        return self.directory.rows

    def append(self, step: Ints, wall_time: Floats, value: Matrix, attempt: int) -> None:
        """Append rows of one attempt; value: shape (n, k)."""
        if self.open.rows and attempt != self.open.attempt:
            self.seal()
        self._note(step, wall_time, attempt)
        rest = Chunk(step, wall_time, value, attempt)
        while len(rest):
            taken = self.open.fill(rest)
            rest = rest.rows(taken, len(rest))
            if self.open.rows == CHUNK:
                self.seal()

    def seal(self) -> None:
        """Close the open chunk; it waits to be written."""
        chunk = self.open.view()
        self.waiting[self.chunks] = chunk
        self.directory.append(summarise(chunk, self.chunks, CHUNK))
        self.sealed_rows += len(chunk)
        self.open = OpenChunk(self.width, capacity=CHUNK)

    def _note(self, step: Ints, wall_time: Floats, attempt: int) -> None:
        lowest, earliest = int(step.min()), float(np.fmin.reduce(wall_time))
        known = self.begins.get(attempt)
        if known is not None:
            lowest, earliest = min(lowest, known.step), min(earliest, known.wall_time)
        self.begins[attempt] = Begin(lowest, earliest)
