"""An index in a PostgreSQL database: a schema for each LOGDIR, one server that writes at a time.

The right to write is a lock of the session that all writes go through: when that session ends,
by whatever cause, nothing it began can be committed any more.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from vizkit.errors import IndexUnavailableError
from vizkit.index import bulk, schema
from vizkit.index.connection import engine_of
from vizkit.index.database import Database, LeadLostError, Mark, Row
from vizkit.index.explain import explained, safe_name
from vizkit.index.session import CLOCK, LockedSession, there


class PostgresDatabase(Database):
    """`name` is the schema that holds the tables; `logdir` is noted beside it, for people."""

    pause = 0.25  # those who follow see only what is committed

    def __init__(self, url: sa.URL, name: str, logdir: str = "") -> None:
        self.where = f"{safe_name(url)} (schema {name})"
        self._url = url
        self._name = name
        self.logdir = logdir
        plain = engine_of(url)
        super().__init__(plain.execution_options(schema_translate_map={None: name}))
        self._session = LockedSession(self._engine, name)
        self._listener: psycopg.Connection[Any] | None = None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with.

        Raises:
            IndexUnavailableError: if the database does not answer.
        """
        with self._explaining(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment, however long it reads."""
        with self.reading() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give the session that may write; if that has ended, nothing is written.

        Raises:
            LeadLostError: if the tables are gone.
            IndexUnavailableError: if the database does not answer.
        """
        if not self._session.held:
            raise IndexUnavailableError(f"The index in {self.where} is not connected.")
        with self._explaining(), self._session.transaction() as connection:
            yield connection

    def add(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows that are probably new: by COPY, 2-3 times as fast as `put`."""
        if not rows:
            return
        try:
            with connection.begin_nested():
                bulk.copy(connection, self._name, table, rows)
        except psycopg.errors.UniqueViolation:
            self.put(connection, table, rows)

    def put(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows, or replace those of the same key."""
        if rows:
            bulk.upsert(connection, self._name, table, rows)

    def claim(self) -> bool:
        """Try to take the lock; a server that was stopped for long while it had it loses it.

        Raises:
            UsageError: if the database cannot be used at all.
            IndexUnavailableError: if it does not answer.
        """
        if self._session.held:
            return True
        with self._explaining():
            return self._session.take()

    def exists(self) -> bool:
        """Tell whether there is a schema with tables."""
        with self.reading() as connection:
            return there(connection, self._name)

    def keep(self, mark: Mark) -> None:
        """Connect anew where need be, and see that nobody wrote in between."""
        if self._session.works:
            return
        self._session.drop()
        if not self.claim():
            raise LeadLostError
        with self.writing() as connection:
            if not there(connection, self._name) or not _goes_on(self.mark(connection), mark):
                raise LeadLostError

    def check(self) -> None:
        """Make sure that this version can read the tables."""
        with self.reading() as connection:
            if not there(connection, self._name):
                raise IndexUnavailableError(f"The index in {self.where} is just being made.")
        super().check()

    def advance(self, connection: sa.Connection, mark: Mark) -> int:
        """Count one more commit, and tell those that follow, when it is done."""
        number = super().advance(connection, mark)
        connection.execute(sa.select(sa.func.pg_notify(self._name, str(number))))
        return number

    def wait(self, seconds: float, stopping: threading.Event) -> None:
        """Wait for a word of the server that writes; words may be lost, so not for long."""
        try:
            if self._listener is None:
                self._listener = self._listening()
            for _ in self._listener.notifies(timeout=seconds, stop_after=1):
                pass
        except Exception:  # polling is enough until it answers again
            self._drop_listener()
            stopping.wait(seconds)

    def damaged(self) -> bool:
        """Tell whether damage was noted."""
        with self.reading() as connection:
            if not there(connection, self._name):
                return False
            noted = sa.select(schema.meta.c.key).where(schema.meta.c.key == "damaged")
            return connection.execute(noted).first() is not None

    def note_damage(self) -> None:
        """Let the next one who opens the index build it anew."""
        with suppress(Exception), self._engine.begin() as connection:
            self.put(connection, schema.meta, [{"key": "damaged", "value": "yes"}])

    def clear(self) -> None:
        """Drop the schema of this LOGDIR; others are left alone."""
        with self.writing() as connection:
            connection.execute(sa.schema.DropSchema(self._name, cascade=True, if_exists=True))

    def size(self) -> int:
        """Return how many bytes the tables of this LOGDIR take, with their indexes."""
        tables = sa.text(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = :name AND c.relkind = 'r'"
        )
        with self.reading() as connection:
            return int(connection.execute(tables, {"name": self._name}).scalar_one())

    def close(self) -> None:
        """Close all connections, which ends the lock."""
        self._drop_listener()
        self._session.drop()
        super().close()

    def _create_tables(self, connection: sa.Connection) -> None:
        if there(connection, self._name):
            return
        known = sa.select(sa.func.to_regnamespace(self._name))
        if connection.execute(known).scalar() is None:
            connection.execute(sa.schema.CreateSchema(self._name))
        super()._create_tables(connection)
        bulk.store_plainly(connection, self._name)
        bulk.comment(connection, self._name, f"vizkit: {self.logdir}")

    def _listening(self) -> psycopg.Connection[Any]:
        where, how = self._engine.dialect.create_connect_args(self._engine.url)
        connection = psycopg.connect(*where, **how, autocommit=True)
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._name)))
        return connection

    def _drop_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(Exception):
                listener.close()

    def _now(self) -> Any:
        return CLOCK

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Say in words of vizkit what the database, or the way to it, has against it."""
        try:
            yield
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            known = explained(error, self._url)
            if known is None:
                raise
            raise known from error


def all_indexes(url: sa.URL) -> Iterator[tuple[PostgresDatabase, float]]:
    """Give every index in a database, and when it was used last, in seconds since 1970."""
    names = sa.text(
        "SELECT nspname FROM pg_namespace JOIN pg_class ON relnamespace = pg_namespace.oid"
        " WHERE nspname LIKE 'vizkit\\_%' AND relname = 'lease' ORDER BY nspname"
    )
    with closing(PostgresDatabase(url, "vizkit_")) as anyone, anyone.reading() as connection:
        found = connection.execute(names).scalars().all()
    for name in found:
        database = PostgresDatabase(url, name)
        with database.reading() as connection:
            used = connection.execute(sa.select(schema.lease.c.renewed)).scalar()
        yield database, used or 0.0


def _goes_on(found: Mark, left: Mark) -> bool:
    """Tell whether an index is as it was left; of the last commit the end may be unheard of."""
    same = (found.birth, found.epoch) == (left.birth, left.epoch)
    return same and found.number in (left.number, left.number + 1)
