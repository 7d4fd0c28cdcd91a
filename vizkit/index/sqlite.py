"""An index in an SQLite file, or in memory: many readers beside one writer."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from vizkit.errors import IndexBrokenError, IndexUnavailableError
from vizkit.index.database import Database, LeadLostError, Mark

_SIDES = ("", "-wal", "-shm", "-journal", ".damaged")
_CHECKED_BELOW = 128 << 20
_SHRUNK_PAGES = 8192
# Pages of 8 KiB hold the few thousand bytes of a short series beside others of their kind. The
# order counts: the size of pages cannot change any more once the way of freeing them is chosen.
_NEW_FILE = ("PRAGMA page_size = 8192", "PRAGMA auto_vacuum = INCREMENTAL")
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA cache_size = -16384",
)


class SqliteDatabase(Database):
    """`path` is None for one in memory. private: nobody opens the file again, it is removed."""

    def __init__(self, path: Path | None, *, private: bool = False) -> None:
        super().__init__(_engine(path))
        self.path = path
        self.where = "memory" if path is None else str(path)
        self._private = private
        self._claimed: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        if path is None:  # One connection serves all in memory; threads take turns.
            self._turn = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with.

        Raises:
            IndexBrokenError: if even the message about some damage cannot be read.
        """
        try:
            with super().reading() as connection:
                yield connection
        except UnicodeDecodeError as error:
            self.note_damage()
            raise IndexBrokenError(f"its schema is damaged: {error}") from error

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one moment, however long it reads."""
        with self.reading() as connection:
            if self.path is not None:
                connection.exec_driver_sql("BEGIN")
            yield connection

    def claim(self) -> bool:
        """Take the lock on a file of its own: it ends with the process, however that ends."""
        if self.path is None or self._private or self._claimed is not None:
            return True
        self._claimed = _claimed(self.path)
        return self._claimed is not None

    def exists(self) -> bool:
        """Tell whether there is a file."""
        return self.path is not None and self.path.exists() and self.path.stat().st_size > 0

    def create(self) -> Mark:
        """Make the tables, and look for damaged pages first, unless the file is large."""
        self._check_pages()
        self._file = None
        mark = super().create()
        self._file = _identity(self.path)
        return mark

    def check(self) -> None:
        """Make sure that this version can read the tables."""
        self._file = None
        if self.path is not None and not self.path.exists():
            raise IndexUnavailableError(f"The index in {self.where} is just being made.")
        try:
            super().check()
        except sa.exc.OperationalError as error:
            if "no such table" not in str(error):
                raise
            raise IndexUnavailableError(f"The index in {self.where} is just being made.") from error
        self._file = _identity(self.path)

    def keep(self, mark: Mark) -> None:
        """Notice a file that was removed or replaced."""
        if self.path is not None and _identity(self.path) != self._file:
            self._engine.dispose()
            self.clear()
            raise LeadLostError

    def mark(self, connection: sa.Connection) -> Mark:
        """Return how far the index was written; one whose file was replaced has another birth."""
        if self.path is not None and self._file not in (None, _identity(self.path)):
            self._engine.dispose()
            raise LeadLostError
        return super().mark(connection)

    def damaged(self) -> bool:
        """Tell whether damage was noted."""
        return self.path is not None and _side(self.path, ".damaged").exists()

    def note_damage(self) -> None:
        """Let the next one who opens the index build it anew."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                _side(self.path, ".damaged").touch()

    def aside(self) -> Database | None:
        """Return one in a file that is removed at the end."""
        handle, name = tempfile.mkstemp(suffix=".db", prefix="vizkit-index-")
        os.close(handle)
        return SqliteDatabase(Path(name), private=True)

    def clear(self) -> None:
        """Remove the file and what SQLite keeps beside it."""
        self._engine.dispose()
        for side in _SIDES if self.path is not None else ():
            _side(self.path, side).unlink(missing_ok=True)

    def size(self) -> int:
        """Return how many bytes its files take."""
        sides = [_side(self.path, side) for side in _SIDES] if self.path is not None else []
        return sum(side.stat().st_size for side in sides if side.exists())

    def shrink(self) -> None:
        """Give pages without content back to the file system, up to 128 MiB of them."""
        if self.path is None:
            return
        with contextlib.suppress(sqlite3.Error), self.reading() as connection:
            raw: Any = connection.connection.driver_connection
            # `execute` would take the first step of it only: one page
            raw.executescript(f"PRAGMA incremental_vacuum({_SHRUNK_PAGES})")

    def close(self) -> None:
        """Close all connections, and let others write; removes a private file."""
        super().close()
        if self._private:
            self.clear()
        if self._claimed is not None:
            self._claimed.close()
            self._claimed = None

    def _check_pages(self) -> None:
        if self.path is None or not self.path.exists():
            return
        if self.path.stat().st_size > _CHECKED_BELOW:
            return  # checksums of the rows find damage later
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if found != "ok":
            raise IndexBrokenError(str(found))


def _claimed(path: Path) -> sqlite3.Connection | None:
    """Return what keeps others from writing while it is open, or None if another holds it."""
    connection = sqlite3.connect(_side(path, ".lock"), timeout=0.05, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        _try_writing(path.parent)
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            return None
        raise
    return connection


def _try_writing(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder):
        pass


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells a file from another of its name, None where there is none."""
    try:
        found = os.stat(path) if path is not None else None
    except FileNotFoundError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _side(path: Path | None, suffix: str) -> Path:
    assert path is not None
    return path.with_name(path.name + suffix)


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
    new = connection.execute("PRAGMA page_count").fetchone() == (0,)
    for pragma in (*(_NEW_FILE if new else ()), *_PRAGMAS):
        connection.execute(pragma).close()
