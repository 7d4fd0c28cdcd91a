"""What all databases behind an index have in common; each engine has a file of its own beside it.

A lease row says whose index it is, who may write it, and how often it was written. It is checked
in each transaction that writes, so a process that lost the right to write cannot.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from vizkit.errors import IndexBrokenError
from vizkit.index import schema

Row = Mapping[str, Any]
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class LeadLostError(Exception):
    """Another process writes the index now: what is pending here will be read by that one."""


@dataclass(frozen=True)
class Mark:
    """How far an index was written.

    birth: made up when its tables were, so that one built anew is known. epoch: grows whenever
    another process begins to write. number: of the last commit.
    """

    birth: str
    epoch: int
    number: int


class Database:
    """Transactions on the tables of one index.

    where: its name for messages, without a password. path: its file, if it is one. logdir: noted in
    the tables, so that an index whose folder is gone can be told.
    """

    where = ""
    logdir = ""
    path: Path | None = None
    pause = 0.5
    """Seconds between two commits."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._turn: AbstractContextManager[Any] = nullcontext()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with."""
        with self._turn, self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment, however long it reads."""
        with self.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose work is committed at the end, or undone if that raises."""
        with self._turn, self._engine.begin() as connection:
            yield connection

    def put(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, or replace those of the same key."""
        if rows:
            connection.execute(_upsert(table, connection.dialect.name), rows)

    def add(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows that are probably new; as `put`, but faster where the engine knows how."""
        self.put(connection, table, rows)

    def claim(self) -> bool:
        """Try to become the one process that may write; True if it is, until `close`."""
        return True

    def keep(self, mark: Mark) -> None:
        """See to it that this process may still write, connecting anew where need be.

        Raises:
            LeadLostError: if it may not, or the index is not as this process left it.
            IndexUnavailableError: if the database does not answer.
        """

    def create(self) -> Mark:
        """Make the tables where they are missing, and begin to write. Claim first.

        Raises:
            IndexBrokenError: if those of another version are there, or some are damaged.
        """
        with self.writing() as connection:
            self._create_tables(connection)
            self._check_version(connection, new=str(schema.VERSION))
            born = {"id": 0, "birth": uuid.uuid4().hex, "epoch": 0, "number": 0, "renewed": 0.0}
            if connection.execute(sa.select(schema.lease.c.id)).first() is None:
                connection.execute(schema.lease.insert(), born)
            if self.logdir:
                self.put(connection, schema.meta, [_note("logdir", self.logdir)])
            connection.execute(
                schema.lease.update().values(epoch=schema.lease.c.epoch + 1, renewed=self._now())
            )
            return self.mark(connection)

    def check(self) -> None:
        """Make sure that this version can read the tables.

        Raises:
            IndexBrokenError: if it cannot.
        """
        with self.reading() as connection:
            self._check_version(connection)

    def exists(self) -> bool:
        """Tell whether there are any tables."""
        return True

    def noted(self) -> tuple[str, str]:
        """Return the version and the LOGDIR that are noted in the tables, "" where none is."""
        with self.reading() as connection:
            query = sa.select(schema.meta.c.key, schema.meta.c.value)
            found = {key: value for key, value in connection.execute(query)}
        return found.get("version", ""), json.loads(found.get("logdir", '""'))

    def mark(self, connection: sa.Connection) -> Mark:
        """Return how far the index was written.

        Raises:
            IndexBrokenError: if that is not to be found.
        """
        lease = schema.lease.c
        row = connection.execute(sa.select(lease.birth, lease.epoch, lease.number)).first()
        if row is None:
            raise IndexBrokenError("its lease is gone")
        return Mark(*row)

    def advance(self, connection: sa.Connection, mark: Mark) -> int:
        """Count one more commit, as part of it; returns its number.

        Raises:
            LeadLostError: if another process writes now.
        """
        values = {"number": schema.lease.c.number + 1, "renewed": self._now()}
        self._update_lease(connection, mark, values)
        return self.mark(connection).number

    def renew(self, mark: Mark) -> None:
        """Tell other processes that this one lives.

        Raises:
            LeadLostError: if another process writes now.
        """
        with self.writing() as connection:
            self._update_lease(connection, mark, {"renewed": self._now()})

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """Wait until another process may have committed something, or `stopping` is set."""
        stopping.wait(seconds)

    def aside(self) -> Database | None:
        """Return one that this process alone uses, for when another holds this one, damaged."""
        return None

    def damaged(self) -> bool:
        """Tell whether damage was noted."""
        return False

    def note_damage(self) -> None:
        """Let the next one who opens the index build it anew."""

    def clear(self) -> None:
        """Remove everything that the index keeps."""

    def size(self) -> int:
        """Return how many bytes the index takes."""
        return 0

    def shrink(self) -> None:
        """Give back the space of what was removed, where the engine does not by itself."""

    def close(self) -> None:
        """Close all connections, and let others write."""
        self._engine.dispose()

    def _create_tables(self, connection: sa.Connection) -> None:
        schema.metadata.create_all(connection)

    def _check_version(self, connection: sa.Connection, new: str | None = None) -> None:
        """Compare the version of the tables with ours; `new`: what tables without one get."""
        value = schema.meta.c.value
        known = connection.execute(sa.select(value).where(schema.meta.c.key == "version")).scalar()
        if known is None and new is not None:
            connection.execute(schema.meta.insert(), {"key": "version", "value": new})
        elif known != str(schema.VERSION):
            raise IndexBrokenError(f"its version is {known!r}, not {schema.VERSION}")

    def _update_lease(self, connection: sa.Connection, mark: Mark, values: Row) -> None:
        lease = schema.lease
        mine = (lease.c.birth == mark.birth) & (lease.c.epoch == mark.epoch)
        if not connection.execute(lease.update().where(mine).values(**values)).rowcount:
            raise LeadLostError

    def _now(self) -> Any:
        return time.time()


def _note(key: str, value: str) -> Row:
    """Return a row of the meta table; JSON, since a path may hold what is no text."""
    return {"key": key, "value": json.dumps(value)}


@cache
def _upsert(table: sa.Table, dialect: str) -> Any:
    insert = _INSERT[dialect](table)
    keys = [column.name for column in table.primary_key.columns]
    others = {c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)
