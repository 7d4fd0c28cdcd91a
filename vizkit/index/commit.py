"""What one commit writes, as it stood when it was gathered under the index's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vizkit.events.batch import TailState
from vizkit.index.catalog import RunState, Totals
from vizkit.index.columns import Chunk
from vizkit.index.journal import Stretch
from vizkit.index.lane import Begin, Lane
from vizkit.index.pyramid import Entries
from vizkit.index.rows import PayloadRow, RunFacts


@dataclass(frozen=True)
class RunWrite:
    """A run whose counts or facts changed."""

    number: int
    name: str
    totals: Totals
    facts: RunFacts


@dataclass(frozen=True)
class LaneWrite:
    """A lane that grew. open: its open chunk where that is to be written as a chunk too.

    directory: entries of all its sealed chunks; sealed: those chunks that are not written yet.
    rows: all rows there are; covered: those that lie in chunks after this commit. tally: see Lane.
    """

    lane: Lane
    run: int
    sealed: Mapping[int, Chunk]
    directory: Entries
    open: Chunk | None
    new: Stretch | None
    rows: int
    covered: int
    begins: Mapping[int, Begin]
    tallied: int
    tally: bytes

    @property
    def record_changes(self) -> bool:
        """Tell whether what the series table says of the lane changes."""
        return not self.lane.stored or self.covered != self.lane.covered


@dataclass(frozen=True)
class Commit:
    """One transaction. keep: None, or how many older rows the journal keeps of those it had.

    next_numbers: of the next run and lane; none is given twice, even if what had it is forgotten.
    """

    forgotten: Sequence[int]
    next_numbers: tuple[int, int]
    runs: Sequence[RunWrite]
    states: Mapping[tuple[int, str], TailState]
    payloads: Sequence[tuple[int, int, PayloadRow]]
    lanes: Sequence[LaneWrite]
    keep: int | None


def lane_write(run: RunState, lane: Lane, *, whole: bool) -> LaneWrite | None:
    """Return what is to be written of a lane, None if nothing; `whole`: leave the journal empty."""
    done = lane.covered if whole else lane.logged
    if lane.stored and lane.rows == done and not lane.waiting:
        return None
    start = max(done, lane.sealed_rows)
    rows = lane.open().view() if lane.rows > start else None
    new = None
    if rows is not None and not whole:
        new = Stretch(lane.number, start, rows.rows(start - lane.sealed_rows, len(rows)))
    return LaneWrite(
        lane=lane,
        run=run.number,
        sealed=dict(lane.waiting),
        directory=lane.directory.view(),
        open=rows if whole else None,
        new=new,
        rows=lane.rows,
        covered=lane.rows if whole else max(lane.covered, lane.sealed_rows),
        begins=dict(lane.begins),
        tallied=lane.tallied,
        tally=lane.tally,
    )
