"""Writes what is pending, and holds reading back where it cannot be written."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

from vizkit.errors import IndexUnavailableError
from vizkit.index.contents import Contents
from vizkit.index.database import Database, LeadLostError, Mark
from vizkit.index.writing import write

_MANY_VALUES = 200_000
_MOST_VALUES = 2_000_000
_JOURNAL_BYTES = 16 << 20
_RETRY_PAUSE = 0.25
_SETTLED_AFTER = 5.0
_WORTH_SETTLING = 1 << 20
_FOLLOWERS_MAY_LAG = 20
"""Commits whose changes stay in the journal, for processes that follow."""

log = logging.getLogger("vizkit.index")


class Committer:
    """`lock` guards the contents, and is not held while writing."""

    def __init__(
        self,
        database: Database,
        contents: Contents,
        lock: threading.RLock,
        *,
        mark: Mark,
        journal_bytes: int,
    ) -> None:
        self._database = database
        self._contents = contents
        self._lock = lock
        self._turn = threading.Lock()
        self._mark = mark
        self._journal_bytes = journal_bytes
        self._journal_kept = False
        self._quiet_since = time.monotonic()
        self._failing = False
        self._ending = threading.Event()
        self.lost = False

    def end(self) -> None:
        """Let nobody wait for the database any more."""
        self._ending.set()

    def finish(self) -> None:
        """Write what is pending, and leave the journal empty."""
        self.end()
        if self._journal_bytes or self._journal_kept or self._contents.pending:
            self.commit(whole=True, last=True)

    def commit_when_many(self) -> None:
        """Write now if much is pending; wait while far too much is, since it is kept in memory."""
        if self._contents.pending.values < _MANY_VALUES:
            return
        self.commit()
        while self._contents.pending.values >= _MOST_VALUES and not self.lost:
            if self._ending.wait(_RETRY_PAUSE):
                return
            self.commit()

    def renew(self) -> None:
        """Tell other processes that this one lives."""
        with self._turn:
            self._try(self._renew)

    def retire(self) -> None:
        """Write nothing any more."""
        self.end()
        with self._turn:
            self.lost = True

    def commit(self, *, whole: bool = False, last: bool = False) -> bool:
        """Write what is pending; returns whether all of it was.

        whole: write open chunks as chunks and empty the journal. last: empty all of it.
        """
        with self._turn:
            if not self._contents.pending and not whole:
                if not self._settles():
                    return not self.lost
                whole = last = True
            return self._try(lambda: self._write(whole, last))

    def _settles(self) -> bool:
        """Tell whether nothing came in for a while, but the journal still takes room."""
        waits = self._journal_bytes > _WORTH_SETTLING or self._journal_kept
        return waits and time.monotonic() - self._quiet_since > _SETTLED_AFTER

    def _renew(self) -> None:
        self._database.keep(self._mark)
        self._database.renew(self._mark)

    def _write(self, whole: bool, last: bool) -> None:
        self._database.keep(self._mark)
        with self._lock:
            crowded = self._contents.crowded
            forgotten = bool(self._contents.pending.forgotten)
            whole |= crowded or forgotten or self._journal_bytes > _JOURNAL_BYTES
            keep = (0 if last else _FOLLOWERS_MAY_LAG) if whole else None
            commit, taken = self._contents.gather(keep)
        try:
            self._mark, size = write(self._database, commit, self._mark)
        except BaseException:
            with self._lock:
                self._contents.take_back(taken)
            raise
        self._journal_bytes = 0 if whole else self._journal_bytes + size
        self._journal_kept = (whole and not last) or (self._journal_kept and not last)
        self._quiet_since = time.monotonic()
        with self._lock:
            self._contents.written(commit)
            if crowded:
                self._contents.park()
        if last:
            self._database.shrink()

    def _try(self, act: Callable[[], None]) -> bool:
        """Do what needs the database; tell once that it fails, and once that it works again."""
        if self.lost:
            return False
        try:
            act()
        except LeadLostError:
            self.lost = True
            return False
        except (IndexUnavailableError, sa.exc.DatabaseError) as error:
            self._failed(error)
            return False
        if self._failing:
            log.warning("The index can be written again; nothing was lost.")
            self._failing = False
        return True

    def _failed(self, error: Exception) -> None:
        if self._failing:
            return
        self._failing = True
        reason = error.orig if isinstance(error, sa.exc.DatabaseError) else error
        log.warning(
            "The index cannot be written (%s); what was read stays in memory and is tried again. "
            "%s",
            reason,
            "Is the disk full?" if self._database.path else "Reading goes on for a while.",
        )
