"""Reads back what earlier processes committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError
from vizkit.events.batch import TailState
from vizkit.index import codec, journal, schema
from vizkit.index.catalog import RunState, Totals
from vizkit.index.database import Database
from vizkit.index.lane import Lane
from vizkit.index.rows import PayloadRow, RunFacts
from vizkit.index.store import Store
from vizkit.index.writing import lane_of, payload_of


class Loaded:
    """Everything an index keeps in memory, as it was committed last."""

    def __init__(self, database: Database, store: Store) -> None:
        with database.reading() as connection:
            self.runs = {run.name: run for run in _runs(connection)}
            by_number = {run.number: run for run in self.runs.values()}
            self.lanes = dict(_lanes(connection, store, by_number))
            self.states = dict(_states(connection, by_number))
            self.next_payload = _next(connection, schema.payload.c.id)
            self.next_journal = _next(connection, schema.journal.c.id)
            self.journal_bytes = _replay(connection, self.lanes)


def payloads(connection: sa.Connection, run: int, plugin: str) -> list[PayloadRow]:
    """Return the committed payloads of a run and plugin, in the order they came in."""
    table = schema.payload
    query = sa.select(table.c.id, table.c.data).where(table.c.run == run, table.c.plugin == plugin)
    return [
        payload_of(codec.unsealed_json(("payload", number, run, plugin), blob))
        for number, blob in connection.execute(query.order_by(table.c.id))
    ]


def _runs(connection: sa.Connection) -> Iterator[RunState]:
    for number, blob in connection.execute(sa.select(schema.run).order_by(schema.run.c.id)):
        record = codec.unsealed_json(("run", number), blob)
        run = RunState(number, record["name"])
        run.totals, run.facts = Totals(**record["totals"]), RunFacts(**record["facts"])
        yield run


def _lanes(
    connection: sa.Connection, store: Store, runs: dict[int, RunState]
) -> Iterator[tuple[int, Lane]]:
    for number, run, blob in connection.execute(sa.select(schema.series).order_by("id")):
        data = codec.unsealed(("series", number, run), blob)
        if run not in runs:
            raise IndexBrokenError(f"run {run} of series {number} is gone")
        key, chunks, kept = lane_of(runs[run].name, data)
        kept = replace(kept, directory=store.directory(number, chunks, len(key.series)))
        lane = Lane.stored_as(number, key, store.open_chunk, kept)
        runs[run].adopt(lane)
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


def _replay(connection: sa.Connection, lanes: dict[int, Lane]) -> int:
    """Append what the journal holds beyond the chunks; returns its size in bytes."""
    size = 0
    for number, blob in connection.execute(sa.select(schema.journal).order_by("id")):
        size += len(blob)
        for stretch in journal.unpacked(codec.unsealed(("journal", number), blob)):
            lane = lanes.get(stretch.lane)
            if lane is not None:  # else its run was forgotten since
                _append(lane, stretch)
    return size


def _append(lane: Lane, stretch: journal.Stretch) -> None:
    known = lane.rows - stretch.start
    if known < 0:
        raise IndexBrokenError(f"rows of series {lane.number} before {stretch.start} are gone")
    rows = stretch.rows.rows(known, len(stretch.rows))
    if len(rows):
        lane.append(rows.step, rows.wall_time, rows.value, rows.attempt)
        lane.logged = lane.rows
