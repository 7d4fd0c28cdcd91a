"""What happens to an index that cannot be opened: it is derived, so it is built anew."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, VizkitWarning
from vizkit.index.database import Database
from vizkit.index.place import in_memory

Opened = TypeVar("Opened")
_BROKEN = (IndexBrokenError, sa.exc.DatabaseError)


def recovered(database: Database, build: Callable[[Database], Opened]) -> Opened:
    """Return what `build` makes of a database.

    If that is damaged or of another version, it is emptied first; if even that fails, or another
    process holds it, a file gives way to one that this process alone uses, or to memory. All with
    a VizkitWarning.

    Raises:
        IndexBrokenError: if it is no file, and damaged while another process holds it.
    """
    try:
        if database.damaged() and database.claim():
            database.clear()
        return build(database)
    except _BROKEN as error:
        if not database.claim():
            return _aside(database, build, error)
        return _anew(database, build, error)


def _anew(database: Database, build: Callable[[Database], Opened], reason: Exception) -> Opened:
    try:
        database.clear()
        opened = build(database)
    except (OSError, *_BROKEN) as error:
        database.close()
        if database.path is None:
            raise
        return build(in_memory(database.path, error))
    _warn(reason)
    return opened


def _aside(database: Database, build: Callable[[Database], Opened], reason: Exception) -> Opened:
    database.close()
    private = database.aside()
    if private is None:
        raise IndexBrokenError(
            f"The index in {database.where} cannot be used ({reason}), and another server holds "
            "it. Stop that server, or pass another --index."
        ) from reason
    opened = build(private)
    _warn(reason)
    return opened


def _warn(reason: Exception) -> None:
    warnings.warn(
        f"The index could not be used and is built anew from the event files ({reason}).",
        VizkitWarning,
        stacklevel=5,
    )
