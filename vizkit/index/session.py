"""The one session of PostgreSQL that may write an index: it holds a lock that ends with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa

from vizkit.index import schema
from vizkit.index.database import LeadLostError

PATIENCE = 6.0
"""Seconds after which the session of a server that tells nothing of itself is ended."""

CLOCK = sa.extract("epoch", sa.func.clock_timestamp())


class LockedSession:
    """A connection of its own, and the lock on schema `name`; for one thread at a time."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._connection: sa.Connection | None = None
        self.held = False

    @property
    def works(self) -> bool:
        """Tell whether the lock is held, as far as is known."""
        return self.held and self._connection is not None and not _gone(self._connection)

    def take(self) -> bool:
        """Try to take the lock, once; a server that holds it and stood still for long loses it."""
        try:
            connection = self._connection = self._connection or self._engine.connect()
            with connection.begin():
                query = sa.select(sa.func.pg_try_advisory_lock(self._key))
                self.held = bool(connection.execute(query).scalar())
                if not self.held and there(connection, self._name):
                    self._end_silent(connection)
        except sa.exc.DBAPIError:
            self.drop()
            raise
        return self.held

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give the connection, in a transaction; it is dropped if it breaks.

        Raises:
            LeadLostError: if the tables are gone.
        """
        connection = self._connection
        assert connection is not None
        try:
            with connection.begin():
                yield connection
        except (sa.exc.DBAPIError, psycopg.Error) as error:
            if _gone(connection):
                self.drop()
            if isinstance(_cause(error), psycopg.errors.UndefinedTable):
                raise LeadLostError from error  # somebody dropped what only we may
            raise

    def drop(self) -> None:
        """End the session, and the lock with it."""
        connection, self._connection, self.held = self._connection, None, False
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
            with suppress(Exception):
                connection.close()

    @property
    def _key(self) -> int:
        return int.from_bytes(hashlib.sha256(self._name.encode()).digest()[:8], "big") >> 1

    def _end_silent(self, connection: sa.Connection) -> None:
        """End the session of a server that holds the lock, and has told nothing for long."""
        silent = connection.execute(sa.select(CLOCK - schema.lease.c.renewed)).scalar()
        if silent is None or float(silent) < PATIENCE:
            return
        locks = sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND"
            " classid = :high AND objid = :low AND granted AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        connection.execute(locks, {"high": self._key >> 32, "low": self._key & 0xFFFFFFFF})


def there(connection: sa.Connection, name: str) -> bool:
    """Tell whether schema `name` has the tables of an index."""
    query = sa.select(sa.func.to_regclass(f"{name}.lease"))
    return connection.execute(query).scalar() is not None


def _gone(connection: sa.Connection) -> bool:
    if connection.closed or connection.invalidated:
        return True
    driver: Any = connection.connection.driver_connection
    return bool(driver.closed)


def _cause(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error
