"""What one commit writes: gathered under the index's lock, encoded and written without it."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from vizkit.events.batch import TailState
from vizkit.index import codec, journal, schema
from vizkit.index.blocks import blocks_of
from vizkit.index.catalog import RunState, Totals
from vizkit.index.columns import Chunk
from vizkit.index.database import Database, Mark, Row
from vizkit.index.journal import Stretch
from vizkit.index.lane import Begin, Kept, Lane, LaneKey
from vizkit.index.pyramid import FINE, Entries, no_entries, summarise
from vizkit.index.rows import PayloadRow, RunFacts

_PORTION = 512
_LENGTH = struct.Struct("<I")


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


def write(database: Database, commit: Commit, mark: Mark) -> tuple[Mark, int]:
    """Write a commit in one transaction; returns the new mark and what the journal took, in bytes.

    What was written before, in a commit whose end was not heard of, may be written once more.

    Raises:
        LeadLostError: if another process writes the index now.
    """
    series = [_series_row(each) for each in commit.lanes if each.record_changes]
    entry = _journal_entry(commit, [row["id"] for row in series])
    with database.writing() as connection:
        number = database.advance(connection, mark)
        for run in commit.forgotten:
            _forget(connection, run)
        if commit.forgotten:
            numbers = {"key": "next", "value": json.dumps(commit.next_numbers)}
            database.put(connection, schema.meta, [numbers])
        database.put(connection, schema.run, [_run_row(run) for run in commit.runs])
        database.put(connection, schema.series, series)
        _write_chunks(database, connection, commit)
        _write_journal(database, connection, commit.keep, number, entry)
        database.put(connection, schema.payload, [_payload_row(*each) for each in commit.payloads])
        database.put(connection, schema.file, list(_file_rows(commit.states)))
    return replace(mark, number=number), len(entry)


def lane_data(each: LaneWrite) -> bytes:
    """Return what the series table says of a lane."""
    begins = [[number, begin.step, begin.wall_time] for number, begin in each.begins.items()]
    key, chunks = each.lane.key, len(each.directory)
    record = (key.tag, key.names, each.covered, chunks, each.tallied, begins)
    text = json.dumps(record, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text + each.tally


def lane_of(run: str, data: memoryview) -> tuple[LaneKey, int, Kept]:
    """Return what `lane_data` was given: key, number of chunks, and the rest without directory."""
    (length,) = _LENGTH.unpack_from(data)
    text = bytes(data[_LENGTH.size : _LENGTH.size + length]).decode("utf-8", "surrogatepass")
    tag, names, rows, chunks, tallied, begins = json.loads(text)
    # Runs of one training share their tags, and lanes of one shape what has no rows.
    key = LaneKey(run, sys.intern(tag), None if names is None else tuple(map(sys.intern, names)))
    found = {number: Begin(step, wall) for number, step, wall in begins}
    tally = bytes(data[_LENGTH.size + length :])
    return key, chunks, Kept(rows, no_entries(len(key.series)), found, tallied, tally)


def _journal_entry(commit: Commit, series: Sequence[int]) -> bytes:
    runs = tuple(run.number for run in commit.runs)
    changes = journal.Changes(runs, tuple(series), tuple(commit.forgotten))
    return journal.packed(changes, (each.new for each in commit.lanes if each.new is not None))


def _write_journal(
    database: Database, connection: sa.Connection, keep: int | None, number: int, entry: bytes
) -> None:
    if keep is not None:
        old = schema.journal.c.id < number - keep
        connection.execute(schema.journal.delete().where(old))
    row = {"id": number, "data": codec.sealed(("journal", number), entry)}
    database.put(connection, schema.journal, [row])


def _write_chunks(database: Database, connection: sa.Connection, commit: Commit) -> None:
    sealed = (row for each in commit.lanes for row in _all_sealed_rows(each))
    for rows in _portions(sealed):
        database.add(connection, schema.chunk, rows)
    _drop_open(connection, [each for each in commit.lanes if each.sealed and each.lane.covered])
    opened = (row for each in commit.lanes for row in _open_rows(each))
    for rows in _portions(opened):
        database.put(connection, schema.chunk, rows)


def _drop_open(connection: sa.Connection, grown: Sequence[LaneWrite]) -> None:
    """Remove the open chunks that were sealed since they were written."""
    column = schema.chunk.c
    old = (column.level == schema.OPEN) & (column.series == sa.bindparam("lane"))
    statement = schema.chunk.delete().where(old & (column.no < sa.bindparam("before")))
    keys = [{"lane": each.lane.number, "before": len(each.directory)} for each in grown]
    if keys:
        connection.execute(statement, keys)


def _all_sealed_rows(each: LaneWrite) -> Iterator[Row]:
    for no, chunk in each.sealed.items():
        yield from _sealed_rows(each.lane.number, no, chunk, each.directory[no])


def _open_rows(each: LaneWrite) -> Iterator[Row]:
    if each.open is not None:
        yield from _point_rows(schema.OPEN, each.lane.number, len(each.directory), each.open)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Give rows in lists: one call for many, without holding all chunks of a wide lane twice."""
    while portion := list(islice(rows, _PORTION)):
        yield portion


def _point_rows(level: int, lane: int, no: int, chunk: Chunk) -> Iterator[Row]:
    yield _chunk_row(level, lane, no, schema.AXES, codec.encode_axes(chunk))
    for position, column in enumerate(np.ascontiguousarray(chunk.value.T)):
        yield _chunk_row(level, lane, no, position, codec.encode_values(column))


def _sealed_rows(lane: int, no: int, chunk: Chunk, entries: Entries) -> Iterator[Row]:
    yield from _point_rows(schema.POINTS, lane, no, chunk)
    yield _chunk_row(schema.CHUNK_ENTRIES, lane, no, 0, entries.tobytes())
    if chunk.value.shape[1] == 1:
        fine = summarise(chunk, no, FINE)
        yield _chunk_row(schema.FINE_ENTRIES, lane, no, 0, fine.tobytes())
    else:
        for size, level in schema.BLOCKS.items():
            yield _chunk_row(level, lane, no, 0, codec.encode_blocks(blocks_of(chunk, size)))


def _chunk_row(level: int, lane: int, no: int, part: int, data: bytes) -> Row:
    blob = codec.sealed((level, lane, no, part), data)
    return {"level": level, "series": lane, "no": no, "part": part, "data": blob}


def _run_row(run: RunWrite) -> Row:
    record = {"name": run.name, "totals": asdict(run.totals), "facts": asdict(run.facts)}
    return {"id": run.number, "data": codec.sealed_json(("run", run.number), record)}


def _series_row(each: LaneWrite) -> Row:
    data = codec.sealed(("series", each.lane.number, each.run), lane_data(each))
    return {"id": each.lane.number, "run": each.run, "data": data}


def _file_rows(states: Mapping[tuple[int, str], TailState]) -> Iterator[Row]:
    for (run, path), state in states.items():
        data = codec.sealed_json(("file", run, path), state.to_json())
        yield {"run": run, "path": path, "data": data}


def _payload_row(number: int, run: int, row: PayloadRow) -> Row:
    record = {**asdict(row), "data": None if row.data is None else row.data.hex()}
    data = codec.sealed_json(("payload", number, run, row.plugin), record)
    return {"id": number, "run": run, "plugin": row.plugin, "data": data}


def payload_of(record: Mapping[str, Any]) -> PayloadRow:
    """Return the payload that a record of the payload table stands for."""
    data = record["data"]
    return PayloadRow(**{**record, "data": None if data is None else bytes.fromhex(data)})


def _forget(connection: sa.Connection, run: int) -> None:
    lanes = sa.select(schema.series.c.id).where(schema.series.c.run == run)
    for level in schema.LEVELS:
        here = (schema.chunk.c.level == level) & schema.chunk.c.series.in_(lanes)
        connection.execute(schema.chunk.delete().where(here))
    for table, column in _by_run():
        connection.execute(table.delete().where(column == run))


def _by_run() -> tuple[tuple[sa.Table, sa.Column[Any]], ...]:
    return (
        (schema.series, schema.series.c.run),
        (schema.file, schema.file.c.run),
        (schema.payload, schema.payload.c.run),
        (schema.run, schema.run.c.id),
    )
