"""Where the index of a LOGDIR lies, and who may write it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
import sqlalchemy as sa

from vizkit.errors import UsageError, VizkitWarning

CACHE_VARIABLE = "VIZKIT_CACHE"
_SIDES = ("", "-wal", "-shm", "-journal", ".damaged")


@dataclass
class Place:
    """The file of an index; path is None for an index in memory.

    private: nobody opens the file again, so it is removed at the end.
    """

    path: Path | None
    private: bool = False
    _claim: sqlite3.Connection | None = field(default=None, repr=False)

    def note_damage(self) -> None:
        """Let the next one who opens the index build it anew."""
        if self.path is not None:
            with contextlib.suppress(OSError):
                _side(self.path, ".damaged").touch()

    def damaged(self) -> bool:
        """Tell whether damage was noted."""
        return self.path is not None and _side(self.path, ".damaged").exists()

    def clear(self) -> None:
        """Remove the file and what SQLite keeps beside it."""
        for side in _SIDES if self.path is not None else ():
            _side(self.path, side).unlink(missing_ok=True)

    def release(self) -> None:
        """Let others write; removes a private file."""
        if self.private:
            self.clear()
        if self._claim is not None:
            self._claim.close()


def cache_folder() -> Path:
    """Return the folder of all indexes: VIZKIT_CACHE, or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("vizkit", False))


def index_file(logdir: Path) -> Path:
    """Return the file of a LOGDIR's index, by its absolute path."""
    key = hashlib.sha256(os.fsencode(logdir.resolve())).hexdigest()[:20]
    return cache_folder() / "index" / f"{key}.db"


def find_place(logdir: Path, url: str | None) -> Place:
    """Return a file that this process alone may write, else one in memory, with a warning.

    Raises:
        UsageError: for a URL other than of an SQLite file.
    """
    path = index_file(logdir) if url is None else _file_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        claim = _claimed(path)
        return _copy(path) if claim is None else Place(path, _claim=claim)
    except (OSError, sqlite3.OperationalError) as error:
        return in_memory(path, error)


def in_memory(path: Path | None, error: Exception) -> Place:
    """Return a place in memory, and warn that it had to be."""
    warnings.warn(
        f"The index {str(path)!r} cannot be written ({error}): keeping it in memory, so every "
        f"start reads all event files again. Point {CACHE_VARIABLE} to a folder you may write.",
        VizkitWarning,
        stacklevel=2,
    )
    return Place(None)


def _claimed(path: Path) -> sqlite3.Connection | None:
    """Return what keeps others from writing while it is open, or None if another holds it.

    A lock on a file of its own: SQLite's ends with the process, however that ends.
    """
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


def _copy(path: Path) -> Place:
    """Copy an index that another process writes, as it stands."""
    handle, name = tempfile.mkstemp(suffix=".db", prefix="vizkit-index-")
    os.close(handle)
    copy = Place(Path(name), private=True)
    with contextlib.suppress(sqlite3.Error):
        source, target = sqlite3.connect(path, timeout=10), sqlite3.connect(name)
        with contextlib.closing(source), contextlib.closing(target):
            source.backup(target)
    return copy


def _file_of(url: str) -> Path:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise UsageError(f"The index URL {url!r} is not supported; use sqlite:///FILE.")
    return Path(parsed.database)


def _side(path: Path | None, suffix: str) -> Path:
    assert path is not None
    return path.with_name(path.name + suffix)
