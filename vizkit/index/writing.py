"""Writes a commit in one transaction, without holding the index's lock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa

from vizkit.index import codec, journal, schema
from vizkit.index.blocks import blocks_of
from vizkit.index.columns import Chunk
from vizkit.index.commit import Commit, LaneWrite
from vizkit.index.database import Database, Mark, Row
from vizkit.index.pyramid import FINE, Entries, summarise
from vizkit.index.records import file_rows, payload_row, run_row, series_row

_PORTION = 512


def write(database: Database, commit: Commit, mark: Mark) -> tuple[Mark, int]:
    """Write a commit in one transaction; returns the new mark and what the journal took, in bytes.

    What was written before, in a commit whose end was not heard of, may be written once more.

    Raises:
        LeadLostError: if another process writes the index now.
    """
    series = [series_row(each) for each in commit.lanes if each.record_changes]
    entry = _journal_entry(commit, [row["id"] for row in series])
    with database.writing() as connection:
        number = database.advance(connection, mark)
        for run in commit.forgotten:
            _forget(connection, run)
        if commit.forgotten:
            numbers = {"key": "next", "value": json.dumps(commit.next_numbers)}
            database.put(connection, schema.meta, [numbers])
        database.put(connection, schema.run, [run_row(run) for run in commit.runs])
        database.put(connection, schema.series, series)
        _write_chunks(database, connection, commit)
        _write_journal(database, connection, commit.keep, number, entry)
        database.put(connection, schema.payload, [payload_row(*each) for each in commit.payloads])
        database.put(connection, schema.file, list(file_rows(commit.states)))
    return replace(mark, number=number), len(entry)


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
        database.add(connection, schema.chunk, sorted(rows, key=_size))
    _drop_open(connection, [each for each in commit.lanes if each.sealed and each.lane.covered])
    opened = (row for each in commit.lanes for row in _open_rows(each))
    for rows in _portions(opened):
        database.put(connection, schema.chunk, sorted(rows, key=_size))


def _size(row: Row) -> int:
    """Return what rows are ordered by: blobs of like size fill the pages of SQLite best."""
    return len(row["data"])


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
