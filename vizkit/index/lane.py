"""A lane: what is appended together, one scalar series or all series of one vector layout."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from vizkit.errors import IndexBrokenError
from vizkit.index.columns import Chunk, Floats, Ints, Matrix
from vizkit.index.grow import Growing, OpenChunk
from vizkit.index.pyramid import CHUNK, ENTRY, Entries, summarise
from vizkit.index.tally import added, nothing
from vizkit.kinds.vector.names import series_tag


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Begin:
    """Where an attempt begins in a lane: its lowest step and earliest wall time."""

    step: int
    wall_time: float


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database keeps of a lane. directory: shape (chunks, k); rows: those in chunks.

    tally: that of `tallied` rows, at least those in chunks.
    """

    rows: int
    directory: Entries
    begins: Mapping[int, Begin]
    tallied: int
    tally: bytes


Load = Callable[[int, int], Chunk]
"""Reads the open chunk of a lane, by the numbers of both, from the database."""


class Lane:
    """The points of a lane: sealed chunks (by their entries), and the open one.

    Rows that were appended never change, so views of them stay good without a lock; the calls
    themselves need one. `covered` rows lie in the database as chunks; `logged` rows lie there as
    chunks or in its journal. The open chunk of a quiet lane is parked: it lies there only.
    `tally` has counted the first `tallied` rows. There may be many thousands: they are kept small.
    """

    __slots__ = (
        "_changed",
        "_load",
        "_open",
        "begins",
        "covered",
        "directory",
        "key",
        "logged",
        "number",
        "parked_rows",
        "sealed_rows",
        "series",
        "stored",
        "tallied",
        "tally",
        "used",
        "waiting",
        "width",
    )

    def __init__(self, number: int, key: LaneKey, load: Load) -> None:
        self.number = number
        self.key = key
        self.series = key.series
        self._changed: frozenset[tuple[str, str]] | None = None
        self.width = len(self.series)
        self.directory = Growing(self.width, ENTRY)
        self.waiting: dict[int, Chunk] = {}
        self.begins: dict[int, Begin] = {}
        self.sealed_rows = self.covered = self.logged = 0
        self.stored = False
        self.parked_rows = 0
        self.used = 0.0
        self.tallied, self.tally = 0, nothing(self.width)
        self._open = OpenChunk(self.width)
        self._load = load

    @classmethod
    def stored_as(cls, number: int, key: LaneKey, load: Load, kept: Kept) -> Lane:
        """Return a lane as it lies in the database, its open chunk parked."""
        lane = cls(number, key, load)
        lane.directory.append(kept.directory)
        lane.begins = dict(kept.begins)
        if len(kept.directory):
            lane.sealed_rows = int(kept.directory["count"][:, 0].sum())
        lane.covered = lane.logged = kept.rows
        lane.parked_rows = kept.rows - lane.sealed_rows
        lane.tallied, lane.tally = kept.tallied, kept.tally
        lane.stored = True
        return lane

    @property
    def changed(self) -> frozenset[tuple[str, str]]:
        """Return the (run, tag) of every series that grows with the lane."""
        if self._changed is None:  # most lanes never grow again: made when one does
            self._changed = frozenset((self.key.run, tag) for tag in self.series)
        return self._changed

    @property
    def rows(self) -> int:
        """Return how many rows there are, the ordinal of the next."""
        return self.sealed_rows + self.parked_rows + self._open.rows

    @property
    def chunks(self) -> int:
        """Return how many chunks are sealed."""
        return self.directory.rows

    @property
    def open_bytes(self) -> int:
        """Return how much memory the open chunk takes."""
        return self._open.size

    def open(self) -> OpenChunk:
        """Return the open chunk, brought back if it was parked."""
        self.used = time.monotonic()
        if self.parked_rows:
            self.wake(self._load(self.number, self.chunks))
        return self._open

    def awake(self) -> Chunk:
        """Return the open chunk as far as it is in memory: nothing of a parked one."""
        self.used = time.monotonic()
        return self._open.view()

    def wake(self, chunk: Chunk) -> None:
        """Take the parked open chunk back.

        Raises:
            IndexBrokenError: if it has lost rows.
        """
        if len(chunk) < self.parked_rows:
            raise IndexBrokenError(f"the open chunk of series {self.number} has lost rows")
        self._open.fill(chunk.rows(0, self.parked_rows))  # another process may have added some
        self.parked_rows = 0

    def park(self) -> None:
        """Give the memory of the open chunk back, if all of it lies in the database."""
        if self.covered == self.rows == self.tallied and not self.parked_rows:
            self.parked_rows = self._open.rows
            self._open = OpenChunk(self.width)

    def advance(self, kept: Kept) -> None:
        """Take over what another process wrote; kept.directory: of the chunks that are new here."""
        if len(kept.directory):
            self.directory.append(kept.directory)
            self.sealed_rows += int(kept.directory["count"][:, 0].sum())
            self.waiting, self._open, self.parked_rows = {}, OpenChunk(self.width), 0
        if kept.rows > self.rows:
            self._open, self.parked_rows = OpenChunk(self.width), kept.rows - self.sealed_rows
        if kept.tallied >= self.tallied:
            self.tallied, self.tally = kept.tallied, kept.tally
        self.begins.update(kept.begins)
        self.covered, self.logged = kept.rows, self.rows

    def append(self, step: Ints, wall_time: Floats, value: Matrix, attempt: int) -> None:
        """Append rows of one attempt; value: shape (n, k)."""
        if self.open().rows and attempt != self._open.attempt:
            self._seal()
        self._note(step, wall_time, attempt)
        rest = Chunk(step, wall_time, value, attempt)
        while len(rest):
            taken = self._open.fill(rest)
            rest = rest.rows(taken, len(rest))
            if self._open.rows == CHUNK:
                self._seal()

    def uncounted(self) -> Chunk:
        """Return the rows that are not in the tally yet; those that are parked always are."""
        return self._open.view().rows(self.tallied - self.sealed_rows, self._open.rows)

    def _seal(self) -> None:
        """Close the open chunk; it waits to be written."""
        chunk = self._open.view()
        if self.tallied < self.rows:
            (self.tally,) = added([self.tally], [self.uncounted()])
            self.tallied = self.rows
        self.waiting[self.chunks] = chunk
        self.directory.append(summarise(chunk, self.chunks, CHUNK))
        self.sealed_rows += len(chunk)
        self._open = OpenChunk(self.width, capacity=CHUNK)

    def _note(self, step: Ints, wall_time: Floats, attempt: int) -> None:
        lowest, earliest = int(step.min()), float(np.fmin.reduce(wall_time))
        known = self.begins.get(attempt)
        if known is not None:
            lowest, earliest = min(lowest, known.step), min(earliest, known.wall_time)
        self.begins[attempt] = Begin(lowest, earliest)
