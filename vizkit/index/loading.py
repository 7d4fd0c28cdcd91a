"""Reads back what was committed: all of it at the start, then what another process adds."""

from __future__ import annotations

import gc
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError
from vizkit.events.batch import TailState
from vizkit.index import codec, journal, schema
from vizkit.index.catalog import RunState, Totals
from vizkit.index.database import Database
from vizkit.index.lane import Kept, Lane, LaneKey
from vizkit.index.pyramid import ENTRY, Entries
from vizkit.index.records import lane_of, payload_of
from vizkit.index.rows import PayloadRow, RunFacts
from vizkit.index.store import Store

_TOGETHER = 500


class Loaded:
    """Everything an index keeps in memory, as it was committed last; mark: when that was."""

    def __init__(self, database: Database, store: Store) -> None:
        with _much_to_keep(), database.snapshot() as connection:
            self.mark = database.mark(connection)
            self.runs = {run.name: run for run in run_states(connection)}
            by_number = {run.number: run for run in self.runs.values()}
            self.lanes = dict(_lanes(connection, store, by_number))
            self.states = dict(_states(connection, by_number))
            self.next_payload = _next(connection, schema.payload.c.id)
            self.next_numbers = _next_numbers(connection)
            self.journal_bytes = _replay(connection, self.lanes)


@contextmanager
def _much_to_keep() -> Iterator[None]:
    """Spare the garbage collector from looking again and again through what only grows."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def payloads(connection: sa.Connection, run: int, plugin: str, after: int = -1) -> list[PayloadRow]:
    """Return committed payloads of a run and plugin numbered above `after`, as they came in."""
    table = schema.payload
    query = sa.select(table.c.id, table.c.data).where(
        table.c.run == run, table.c.plugin == plugin, table.c.id > after
    )
    return [
        payload_of(codec.unsealed_json(("payload", number, run, plugin), blob))
        for number, blob in connection.execute(query.order_by(table.c.id))
    ]


def newest_payload(connection: sa.Connection, run: int, plugin: str) -> int:
    """Return the number of the newest committed payload of a run and plugin, -1 without any."""
    table = schema.payload
    query = sa.select(sa.func.max(table.c.id))
    found = connection.execute(query.where(table.c.run == run, table.c.plugin == plugin)).scalar()
    return -1 if found is None else int(found)


def run_states(
    connection: sa.Connection, numbers: Collection[int] | None = None
) -> Iterator[RunState]:
    """Give all runs, or some, as they lie in the database; without their lanes."""
    for number, blob in _rows(connection, sa.select(schema.run), schema.run.c.id, numbers):
        record = codec.unsealed_json(("run", number), blob)
        run = RunState(number, record["name"])
        run.totals, run.facts = Totals(**record["totals"]), RunFacts(**record["facts"])
        yield run


def lane_records(
    connection: sa.Connection, runs: dict[int, RunState], numbers: Collection[int] | None = None
) -> Iterator[tuple[int, RunState, LaneKey, int, Kept]]:
    """Give (number, run, key, chunks, the rest without directory) of all series, or of some."""
    for number, run, blob in _rows(
        connection, sa.select(schema.series), schema.series.c.id, numbers
    ):
        data = codec.unsealed(("series", number, run), blob)
        if run not in runs:
            raise IndexBrokenError(f"run {run} of series {number} is gone")
        yield (number, runs[run], *lane_of(runs[run].name, data))


def directories(
    connection: sa.Connection, lanes: Collection[int] | None = None
) -> dict[int, dict[int, memoryview]]:
    """Return the entries of sealed chunks, by lane and chunk, of all lanes or of some."""
    chunk = schema.chunk.c
    query = sa.select(chunk.series, chunk.no, chunk.data).where(chunk.level == schema.CHUNK_ENTRIES)
    found: dict[int, dict[int, memoryview]] = {}
    for lane, no, blob in _rows(connection, query, chunk.series, lanes):
        data = codec.unsealed((schema.CHUNK_ENTRIES, lane, no, 0), blob)
        found.setdefault(lane, {})[no] = data
    return found


def directory(parts: dict[int, memoryview], chunks: Iterable[int], width: int) -> Entries:
    """Return the entries of some chunks of a lane; shape (chunks, width).

    Raises:
        IndexBrokenError: if those of a chunk are gone.
    """
    try:
        data = b"".join(parts[no] for no in chunks)
    except KeyError as error:
        raise IndexBrokenError(f"the entries of chunk {error} are gone") from None
    return np.frombuffer(data, ENTRY).reshape(-1, width)


def append(lane: Lane, stretch: journal.Stretch) -> bool:
    """Append what of a stretch is new to a lane; tells whether anything is."""
    known = lane.rows - stretch.start
    if known < 0:
        raise IndexBrokenError(f"rows of series {lane.number} before {stretch.start} are gone")
    rows = stretch.rows.rows(known, len(stretch.rows))
    if len(rows):
        lane.append(rows.step, rows.wall_time, rows.value, rows.attempt)
        lane.logged = lane.rows
    return len(rows) > 0


def _rows(
    connection: sa.Connection,
    query: sa.Select[Any],
    column: sa.ColumnElement[Any],
    numbers: Collection[int] | None,
) -> Iterator[Any]:
    """Give all rows in the order of a column, or those where it is one of `numbers`."""
    if numbers is None:
        yield from connection.execute(query.order_by(column))
        return
    wanted = sorted(numbers)
    for start in range(0, len(wanted), _TOGETHER):
        some = query.where(column.in_(wanted[start : start + _TOGETHER]))
        yield from connection.execute(some.order_by(column)).fetchall()


def _lanes(
    connection: sa.Connection, store: Store, runs: dict[int, RunState]
) -> Iterator[tuple[int, Lane]]:
    entries = directories(connection)
    for number, run, key, chunks, kept in lane_records(connection, runs):
        if chunks:
            found = directory(entries.get(number, {}), range(chunks), len(key.series))
            kept = replace(kept, directory=found)
        lane = Lane.stored_as(number, key, store.open_chunk, kept)
        run.adopt(lane)
        yield number, lane


def _states(
    connection: sa.Connection, runs: dict[int, RunState]
) -> Iterator[tuple[tuple[str, str], TailState]]:
    for run, path, blob in connection.execute(sa.select(schema.file)):
        record = codec.unsealed_json(("file", run, path), blob)
        yield (runs[run].name, path), TailState.from_json(record)


def _next(connection: sa.Connection, column: sa.Column[Any]) -> int:
    highest: int | None = connection.execute(sa.select(sa.func.max(column))).scalar()
    return 0 if highest is None else highest + 1


def _next_numbers(connection: sa.Connection) -> tuple[int, int]:
    """Return the numbers below which runs and lanes may have been, and are forgotten."""
    query = sa.select(schema.meta.c.value).where(schema.meta.c.key == "next")
    run, lane = json.loads(connection.execute(query).scalar() or "[0, 0]")
    return run, lane


def _replay(connection: sa.Connection, lanes: dict[int, Lane]) -> int:
    """Append what the journal holds beyond the chunks; returns its size in bytes."""
    size = 0
    for number, blob in connection.execute(sa.select(schema.journal).order_by("id")):
        data = codec.unsealed(("journal", number), blob)
        for stretch in journal.stretches_of(data):
            size += stretch.rows.value.nbytes
            lane = lanes.get(stretch.lane)
            if lane is not None:  # else its run was forgotten since
                append(lane, stretch)
    return size
