"""Where the index of a LOGDIR lies: a file in the cache folder, or a database of the user's."""

from __future__ import annotations

import re
import sqlite3
import warnings
from pathlib import Path

import sqlalchemy as sa

from vizkit.cachefolder import CACHE_VARIABLE, index_file, index_key
from vizkit.errors import UsageError, VizkitWarning
from vizkit.index.database import Database
from vizkit.index.sqlite import SqliteDatabase

_SECRET = re.compile(r"(?<=//).*(?=@)|(?<=password=)[^&]*", re.IGNORECASE)
_POSTGRES = ("postgresql", "postgres")


def find_database(logdir: Path, url: str | None) -> Database:
    """Return the database that a URL names, or that is LOGDIR's own in the cache, to write to it.

    A file that cannot be written gives way to memory, with a warning.

    Raises:
        UsageError: for a URL of another kind, or a database that cannot be used.
    """
    database = named_database(logdir, url)
    try:
        if database.path is not None:
            database.path.parent.mkdir(parents=True, exist_ok=True)
            database.claim()
    except (OSError, sqlite3.OperationalError) as error:
        return in_memory(database.path, error)
    return database


def named_database(logdir: Path, url: str | None) -> Database:
    """Return the database of an index without touching it.

    Raises:
        UsageError: for a URL of another kind, or a database that cannot be used.
    """
    if url is None:
        return _file(index_file(logdir), logdir)
    parsed = parsed_url(url)
    if parsed.get_backend_name() in _POSTGRES:
        try:
            from vizkit.index.postgres import PostgresDatabase
        except ImportError as error:
            raise UsageError(
                "An index in PostgreSQL needs the package psycopg. "
                f"Install it: pip install 'vizkit[postgres]' ({error})"
            ) from error
        return PostgresDatabase(parsed, f"vizkit_{index_key(logdir)}", str(logdir))
    return _file(Path(parsed.database), logdir) if parsed.database else SqliteDatabase(None)


def in_memory(path: Path | None, error: Exception) -> Database:
    """Return a database in memory, and warn that it had to be."""
    warnings.warn(
        f"The index {str(path)!r} cannot be written ({error}): keeping it in memory, so every "
        f"start reads all event files again. Point {CACHE_VARIABLE} to a folder you may write.",
        VizkitWarning,
        stacklevel=2,
    )
    return SqliteDatabase(None)


def _file(path: Path, logdir: Path) -> Database:
    database = SqliteDatabase(path)
    database.logdir = str(logdir)
    return database


def parsed_url(url: str) -> sa.URL:
    """Return a URL of a kind that is supported.

    Raises:
        UsageError: if it is not; secrets in it are not told.
    """
    try:
        parsed = sa.make_url(re.sub("^postgres:", "postgresql:", url))
        known = parsed.get_backend_name() in ("sqlite", *_POSTGRES)
    except (sa.exc.ArgumentError, ValueError):
        known = False
    if not known:
        raise UsageError(
            f"The index URL {_SECRET.sub('***', url)!r} is not supported; use sqlite:///FILE or "
            "postgresql://USER@HOST/DATABASE."
        )
    return parsed
