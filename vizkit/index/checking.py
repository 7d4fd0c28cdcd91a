"""Reads all of an index, and says what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError
from vizkit.index import codec, schema
from vizkit.index.database import Database
from vizkit.index.figures import existing, loaded
from vizkit.index.lane import Lane
from vizkit.index.loading import Loaded

_AT_ONCE = 256
_Key = Callable[[Any], tuple[object, ...]]
_KEYS: tuple[tuple[sa.Table, _Key], ...] = (
    (schema.run, lambda row: ("run", row.id)),
    (schema.file, lambda row: ("file", row.run, row.path)),
    (schema.series, lambda row: ("series", row.id, row.run)),
    (schema.chunk, lambda row: (row.level, row.series, row.no, row.part)),
    (schema.journal, lambda row: ("journal", row.id)),
    (schema.payload, lambda row: ("payload", row.id, row.run, row.plugin)),
)


def check(logdir: Path, url: str | None) -> Iterator[str]:
    """Give what is wrong with the index of a LOGDIR, a sentence each; nothing if all is well.

    Raises:
        NoRunsError: if there is no index.
    """
    database = existing(logdir, url)
    try:
        yield from _of_rows(database)
        kept = loaded(database)
        yield from _of_counts(database, kept)
        yield from _of_files(logdir, kept)
    except (IndexBrokenError, sa.exc.DatabaseError) as error:
        reason = error.orig if isinstance(error, sa.exc.DatabaseError) else error
        yield f"The index cannot be read: {reason}."
    finally:
        database.close()


def _of_rows(database: Database) -> Iterator[str]:
    """Compare each row with its checksum."""
    for table, key in _KEYS:
        with database.snapshot() as connection:
            rows = connection.execution_options(yield_per=_AT_ONCE).execute(sa.select(table))
            for row in rows:
                try:
                    codec.unsealed(key(row), row.data)
                except IndexBrokenError as error:
                    yield f"In table {table.name}: {error}."


def _of_counts(database: Database, kept: Loaded) -> Iterator[str]:
    """Compare what runs and series tell of themselves with what is there."""
    with database.snapshot() as connection:
        columns = (schema.chunk.c.level, schema.chunk.c.series)
        query = sa.select(*columns, sa.func.count()).group_by(*columns)
        parts = Counter({(level, lane): n for level, lane, n in connection.execute(query)})
    for run in kept.runs.values():
        points = sum(lane.rows * lane.width for lane in run.lanes)
        if points != run.totals.points:
            yield f"Run {run.name!r} has {points} points, but tells of {run.totals.points}."
        for lane in run.lanes:
            if _incomplete(lane, parts):
                yield f"Series {lane.key.tag!r:.200} of run {run.name!r} has lost columns."


def _incomplete(lane: Lane, parts: Counter[tuple[int, int]]) -> bool:
    entries, points = parts[schema.CHUNK_ENTRIES, lane.number], parts[schema.POINTS, lane.number]
    return entries != lane.chunks or points != lane.chunks * (lane.width + 1)


def _of_files(logdir: Path, kept: Loaded) -> Iterator[str]:
    """Compare how far files were read with their ends."""
    for (run, name), state in kept.states.items():
        path = logdir / run / name
        size = path.stat().st_size if path.exists() else None
        if size is None:
            yield f"{str(path)!r} is gone, but its points are there until the folder is served."
        elif state.offset > size:
            yield f"{str(path)!r} was read up to {state.offset}, but ends at {size}."
