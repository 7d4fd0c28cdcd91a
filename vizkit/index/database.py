"""The database behind an index: SQLite, on disk or in memory, many readers beside one writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import StaticPool

from vizkit.errors import IndexBrokenError
from vizkit.index import schema

Row = Mapping[str, Any]
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_CHECKED_BELOW = 128 << 20
_PRAGMAS = (
    "PRAGMA page_size = 4096",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA wal_autocheckpoint = 2000",
    "PRAGMA cache_size = -16384",
)


class Database:
    """Transactions on one database; `path` is None for one in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._engine = _engine(path)
        # One connection serves all in memory; threads take turns.
        self._turn = threading.RLock() if path is None else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with."""
        with self._turn, self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose work is committed at the end, or undone if that raises."""
        with self._turn, self._engine.begin() as connection:
            yield connection

    def create(self) -> None:
        """Make the tables.

        Raises:
            IndexBrokenError: if those of another version are there, or pages are damaged.
        """
        self._check_pages()
        with self.writing() as connection:
            schema.metadata.create_all(connection)
            known = connection.execute(
                sa.select(schema.meta.c.value).where(schema.meta.c.key == "version")
            ).scalar()
            if known is None:
                row = {"key": "version", "value": str(schema.VERSION)}
                connection.execute(schema.meta.insert(), row)
            elif known != str(schema.VERSION):
                raise IndexBrokenError(f"its version is {known!r}, not {schema.VERSION}")

    def put(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, or replace those of the same key."""
        if not rows:
            return
        connection.execute(_upsert(table, connection.dialect.name), rows)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _check_pages(self) -> None:
        if self.path is None or not self.path.exists():
            return
        if self.path.stat().st_size > _CHECKED_BELOW:
            return  # checksums of the rows find damage later
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise IndexBrokenError(str(found))


@cache
def _upsert(table: sa.Table, dialect: str) -> Any:
    insert = _INSERT[dialect](table)
    keys = [column.name for column in table.primary_key.columns]
    others = {c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)


def _engine(path: Path | None) -> sa.Engine:
    if path is None:
        engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        url = sa.URL.create("sqlite", database=str(path))
        engine = sa.create_engine(url, pool_size=4, max_overflow=32)
    sa.event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()
