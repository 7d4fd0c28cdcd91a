"""The index of a LOGDIR: every series in chunks, one writer, many readers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, IndexUnavailableError, VizkitError
from vizkit.events.batch import Batch, TailState
from vizkit.index.committer import Committer
from vizkit.index.contents import Contents
from vizkit.index.database import Database, LeadLostError
from vizkit.index.keeper import Keeper
from vizkit.index.loading import Loaded
from vizkit.index.place import find_database
from vizkit.index.reading import Reading
from vizkit.index.recovery import recovered
from vizkit.index.replica import Replica
from vizkit.index.store import Store

log = logging.getLogger("vizkit.index")
Changed = set[tuple[str, str]]
_OPENING = 20.0
"""Seconds that a process waits for the one that leads to make the tables."""


class Index(Reading):
    """What was read of a LOGDIR so far. Append from one thread, read from any.

    Points are visible as soon as they are appended, and lie in the database within a second,
    together with how far their files were read: neither a crash nor a kill doubles or loses any.

    Of the processes that have one index open, one `leads`: only it may append. The others see
    what it commits within about 0.3 s, and when it ends, one of them leads.

    Attributes:
        on_change: called with the series that another process appended to, or an empty set where
            runs changed otherwise.
        on_lead: called when this process begins or ceases to lead.
    """

    def __init__(self, logdir: Path, database: Database) -> None:
        self.logdir = logdir
        self.on_change: Callable[[Changed], object] = lambda _: None
        self.on_lead: Callable[[bool], object] = lambda _: None
        self._lock = threading.RLock()
        self._version = 0
        self._may_heal = 3
        self._database = database
        self._store = Store(database, self._damage)
        self._open(database.claim())
        self._keeper = Keeper(
            lambda: self.leads, self._lead, self._follow, database.wait, database.pause
        )

    @classmethod
    def open(cls, logdir: str | Path, url: str | None = None) -> Index:
        """Open the index of a LOGDIR, or build an empty one where it is missing or damaged.

        url: instead of the file in the cache folder (VIZKIT_CACHE, or the user's) another one,
        `sqlite:///FILE`, memory, `sqlite://`, or a database of PostgreSQL,
        `postgresql://USER@HOST/DATABASE`, in which each LOGDIR has a schema. A file that cannot be
        written gives way to memory, with a VizkitWarning.

        Raises:
            UsageError: for another kind of URL, or a database that refuses us.
            IndexUnavailableError: if the database does not answer.
        """
        folder = Path(logdir).resolve()
        database = find_database(folder, url)
        try:
            index = recovered(database, lambda database: cls(folder, database))
        except VizkitError:
            database.close()
            raise
        index._keeper.start()
        return index

    def close(self) -> None:
        """Write what is pending and close the files."""
        self.interrupt()
        self._keeper.stop()
        if self.leads:
            self._committer.finish()
            self._database.shrink()
        self._database.close()

    def interrupt(self) -> None:
        """Let an append that waits for the database return at once; for those about to close."""
        self._committer.end()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path | None:
        """Return the file of the index, None for one in memory or in a server's database."""
        return self._database.path

    @property
    def where(self) -> str:
        """Return where the index lies, for people; without a password."""
        return self._database.where

    @property
    def leads(self) -> bool:
        """Tell whether this process is the one that may append."""
        return self._leads

    def append(self, run: str, file: str, batch: Batch, state: TailState) -> Changed:
        """Take in what was read of a file, and how far; returns the (run, tag) that grew.

        Waits while far too much is pending, since that is kept in memory.

        Raises:
            IndexUnavailableError: if another process leads.
        """
        with self._lock:
            self._check_lead()
            changed = self._contents.append(run, file, batch, state)
            self._version += 1
        self._committer.commit_when_many()
        return changed

    def commit(self) -> bool:
        """Write what is pending now; returns whether all of it lies in the database."""
        return self._committer.commit()

    def forget(self, run: str) -> None:
        """Drop a run whose folder is gone, or whose files have to be read anew.

        Raises:
            IndexUnavailableError: if another process leads.
        """
        with self._lock:
            self._check_lead()
            dropped = self._contents.forget(run)
            if dropped is not None:
                self._store.forgotten.update(lane.number for lane in dropped.lanes)
            self._version += 1

    def _check_lead(self) -> None:
        if not self._leads or self._committer.lost:
            raise IndexUnavailableError(f"Another server writes the index in {self.where} now.")

    def _open(self, leads: bool) -> None:
        """Make the tables or wait for them, and read everything."""
        if leads:
            self._database.create()
        else:
            self._await_tables()
        kept = Loaded(self._database, self._store)
        contents = Contents(
            self._store.open_chunk, kept.runs, kept.states, kept.next_payload, kept.next_numbers
        )
        committer = Committer(
            self._database, contents, self._lock, mark=kept.mark, journal_bytes=kept.journal_bytes
        )
        with self._lock:
            self._leads, self._contents, self._committer = leads, contents, committer
            self._replica = Replica(self._database, self._store, contents, kept.mark)
            self._version += 1

    def _await_tables(self) -> None:
        """Wait until the process that leads has made the tables.

        Raises:
            IndexBrokenError: if they are of another version.
        """
        deadline = time.monotonic() + _OPENING
        while True:
            try:
                return self._database.check()
            except IndexUnavailableError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def _lead(self, sign_of_life: bool) -> None:
        """Commit; if another process wrote meanwhile, or damage was found, begin anew."""
        self._committer.commit()
        if sign_of_life:
            self._committer.renew()
        if sign_of_life and self._may_heal > 0 and self._database.damaged():
            self._may_heal -= 1
            log.warning("The index is damaged and is built anew from the event files.")
            self._committer.retire()
            self._database.clear()
        if self._committer.lost:
            self._begin_anew()

    def _follow(self) -> None:
        """Take over what was committed, and lead if nobody does."""
        if self._database.claim():
            self._begin_anew()
            return
        try:
            news = self._replica.news()
        except LeadLostError:
            news = None
        if news is None:
            self._begin_anew()
            return
        with self._lock:
            changed, others = self._replica.take(news)
            self._version += bool(changed or others)
        if changed:
            self.on_change(changed)
        if others:
            self.on_change(set())

    def _begin_anew(self) -> None:
        """Read everything as it was committed, then lead or follow."""
        with self._lock:
            led, self._leads = self._leads, False
        if led:
            self._committer.retire()
            self.on_lead(False)
        self._store.empty()
        try:
            self._open(self._database.claim())
        except (IndexBrokenError, sa.exc.DatabaseError):
            if not self._database.claim():
                raise
            self._database.clear()
            self._open(True)
        if self._leads:
            self.on_lead(True)
        self.on_change(set())

    def _damage(self, reason: str) -> IndexBrokenError:
        self._database.note_damage()
        return IndexBrokenError(
            f"The index is damaged: {reason}. It is built anew from the event files, nothing is "
            f"lost; if this goes on, start again. Index: {self.where!r}"
        )
