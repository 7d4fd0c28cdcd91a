"""Indexes that nobody needs any more: their folder is gone, or was not looked at for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from vizkit.cachefolder import cache_folder
from vizkit.errors import UsageError, VizkitError
from vizkit.index.database import Database
from vizkit.index.place import parsed_url
from vizkit.index.sqlite import SqliteDatabase

_DAY = 86_400.0


@dataclass(frozen=True)
class Left:
    """An index to remove, and why. logdir: "" where that is not known."""

    database: Database
    logdir: str
    size: int
    reason: str


def left_over(url: str | None, days: float) -> Iterator[Left]:
    """Give the indexes in the cache, or in a database of PostgreSQL, that may be removed.

    days: for how long an index has to be unused. Those that a process uses are left out. Close
    their databases.

    Raises:
        UsageError: for the URL of a single file.
    """
    oldest = time.time() - days * _DAY
    for database, used in _of_cache() if url is None else _of_server(url):
        reason, logdir = _reason(database, used, oldest)
        if reason and database.claim():
            yield Left(database, logdir, database.size(), reason)
        else:
            database.close()


def remove(left: Left) -> None:
    """Remove an index."""
    left.database.clear()
    left.database.close()
    if left.database.path is not None:
        for side in left.database.path.parent.glob(f"{left.database.path.name}*"):
            side.unlink(missing_ok=True)


def _reason(database: Database, used: float, oldest: float) -> tuple[str, str]:
    try:
        _, logdir = database.noted()
    except (VizkitError, sa.exc.DatabaseError, ValueError):
        return "cannot be read", ""
    if logdir and not Path(logdir).is_dir():
        return "the folder is gone", logdir
    if used < oldest:
        return f"unused for {(time.time() - used) / _DAY:.0f} days", logdir
    return "", logdir


def _of_cache() -> Iterator[tuple[Database, float]]:
    for path in sorted((cache_folder() / "index").glob("*.db")):
        sides = [path, path.with_name(f"{path.name}-wal")]
        yield SqliteDatabase(path), max(s.stat().st_mtime for s in sides if s.exists())


def _of_server(url: str) -> Iterator[tuple[Database, float]]:
    parsed = parsed_url(url)
    if parsed.get_backend_name() == "sqlite":
        raise UsageError("Name a database of PostgreSQL, or nothing for the cache folder.")
    from vizkit.index.postgres import all_indexes

    yield from all_indexes(parsed)
