"""Writes what is pending, at the latest a second after it came in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import sqlalchemy as sa

from vizkit.index.contents import Contents
from vizkit.index.database import Database
from vizkit.index.writing import write

_EVERY = 0.5
_MANY_VALUES = 200_000
_JOURNAL_BYTES = 16 << 20

log = logging.getLogger("vizkit.index")


class Committer:
    """A thread that commits; `lock` guards the contents, and is not held while writing."""

    def __init__(
        self,
        database: Database,
        contents: Contents,
        lock: threading.RLock,
        *,
        next_journal: int,
        journal_bytes: int,
        on_damage: Callable[[str], object],
    ) -> None:
        self._database = database
        self._contents = contents
        self._lock = lock
        self._turn = threading.Lock()
        self._next_journal = next_journal
        self._journal_bytes = journal_bytes
        self._on_damage = on_damage
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vizkit-index", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is pending, and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.commit(whole=self._journal_bytes > 0 or bool(self._contents.pending))

    def commit_when_many(self) -> None:
        """Write now if much is pending: what comes in faster than it is written has to wait."""
        if self._contents.pending.values >= _MANY_VALUES:
            self.commit()

    def commit(self, *, whole: bool = False) -> bool:
        """Write what is pending; returns whether all of it was.

        whole: write open chunks as chunks and empty the journal.
        """
        with self._turn:
            with self._lock:
                pending = self._contents.pending
                if not pending and not whole:
                    return True
                crowded = self._contents.crowded
                whole |= crowded or bool(pending.forgotten) or self._journal_bytes > _JOURNAL_BYTES
                commit, taken = self._contents.gather(None if whole else self._next_journal)
            try:
                size = write(self._database, commit)
            except sa.exc.DatabaseError as error:
                self._failed(error)
                with self._lock:
                    self._contents.take_back(taken)
                return False
            self._next_journal += 1
            self._journal_bytes = 0 if whole else self._journal_bytes + size
            with self._lock:
                self._contents.written(commit)
                if crowded:
                    self._contents.park()
            return True

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            self.commit()

    def _failed(self, error: sa.exc.DatabaseError) -> None:
        if not isinstance(error, sa.exc.OperationalError):
            self._on_damage(str(error.orig))
        log.warning(
            "The index cannot be written (%s); what was read stays in memory and is tried again. "
            "Is the disk full?",
            error.orig,
        )
