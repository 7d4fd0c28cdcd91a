"""The index of a LOGDIR: every series in chunks, one writer, many readers."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

from vizkit.errors import IndexBrokenError
from vizkit.events.batch import Batch, TailState
from vizkit.index import loading
from vizkit.index.committer import Committer
from vizkit.index.contents import Contents
from vizkit.index.database import Database
from vizkit.index.place import Place, find_place
from vizkit.index.reading import Reading
from vizkit.index.recovery import recovered
from vizkit.index.rows import RunRow
from vizkit.index.store import Store


class Index(Reading):
    """What was read of a LOGDIR so far. Append from one thread, read from any.

    Points are visible as soon as they are appended, and lie in the database within a second,
    together with how far their files were read: neither a crash nor a kill doubles or loses any.
    """

    def __init__(self, logdir: Path, place: Place) -> None:
        self.logdir = logdir
        self._place = place
        self._lock = threading.RLock()
        self._version = 0
        self._database = Database(place.path)
        self._store = Store(self._database, self._damage)
        self._database.create()
        kept = loading.Loaded(self._database, self._store)
        self._contents = Contents(self._store.open_chunk, kept.runs, kept.states, kept.next_payload)
        self._committer = Committer(
            self._database,
            self._contents,
            self._lock,
            next_journal=kept.next_journal,
            journal_bytes=kept.journal_bytes,
            on_damage=self._damage,
        )

    @classmethod
    def open(cls, logdir: str | Path, url: str | None = None) -> Index:
        """Open the index of a LOGDIR, or build an empty one where it is missing or damaged.

        url: `sqlite:///FILE` instead of the file in the cache folder (VIZKIT_CACHE, or the
        user's). Where that cannot be written the index is kept in memory, with a VizkitWarning;
        where another process has it open, this one works on a copy.

        Raises:
            UsageError: for another kind of URL.
        """
        folder = Path(logdir).resolve()
        index = recovered(find_place(folder, url), lambda place: cls(folder, place))
        index._committer.start()
        return index

    def close(self) -> None:
        """Write what is pending and close the files."""
        self._committer.stop()
        self._database.close()
        self._place.release()

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
        """Return the file of the index, None for one in memory."""
        return self._place.path

    def append(self, run: str, file: str, batch: Batch, state: TailState) -> set[tuple[str, str]]:
        """Take in what was read of a file, and how far; returns the (run, tag) that grew."""
        with self._lock:
            changed = self._contents.append(run, file, batch, state)
            self._version += 1
        self._committer.commit_when_many()
        return changed

    def commit(self) -> bool:
        """Write what is pending now; returns whether all of it lies in the database."""
        return self._committer.commit()

    def forget(self, run: str) -> None:
        """Drop a run whose folder is gone, or whose files have to be read anew."""
        with self._lock:
            dropped = self._contents.forget(run)
            if dropped is not None:
                self._store.forgotten.update(lane.number for lane in dropped.lanes)
            self._version += 1

    def tail_states(self) -> dict[tuple[str, str], TailState]:
        """Return how far each file was read, by (run, file)."""
        with self._lock:
            return dict(self._contents.states)

    def version(self) -> int:
        """Return a number that grows whenever something was appended or forgotten."""
        return self._version

    def runs(self) -> list[RunRow]:
        """Return all runs."""
        with self._lock:
            return [run.row() for run in self._contents.runs.values()]

    def _damage(self, reason: str) -> IndexBrokenError:
        self._place.note_damage()
        return IndexBrokenError(
            f"The index is damaged: {reason}. Start again: it is built anew from the event files, "
            f"nothing is lost. Index: {str(self._place.path)!r}"
        )
