"""The index of a LOGDIR: every series in chunks, one writer, many readers."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa

from vizkit.errors import (
    IndexBrokenError,
    RunNotFoundError,
    TagNotFoundError,
    VizkitError,
    VizkitWarning,
)
from vizkit.events.batch import Batch, TailState
from vizkit.index import loading
from vizkit.index.catalog import RunState
from vizkit.index.columns import Columns
from vizkit.index.committer import Committer
from vizkit.index.contents import Contents
from vizkit.index.database import Database
from vizkit.index.lane import LaneKey
from vizkit.index.place import Place, find_place, in_memory
from vizkit.index.rows import PayloadRow, RunRow, SeriesRow
from vizkit.index.stats import merged, series_rows
from vizkit.index.store import Store
from vizkit.index.view import LaneView, SeriesView, view_of


class Index:
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
        self._contents = Contents(self._store.chunk, kept.runs, kept.states, kept.next_payload)
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
        index = _opened(folder, find_place(folder, url))
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

    def tags(self, run: str) -> list[SeriesRow]:
        """Return all series of a run.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        found: dict[str, list[SeriesRow]] = {}
        for key, view in self.lanes(run):
            for row in series_rows(view, key):
                found.setdefault(row.tag, []).append(row)
        return [merged(rows) for rows in found.values()]

    def read(self, run: str, tag: str, start: int = 0, stop: int | None = None) -> Columns:
        """Return the points with ordinals [start, stop) of a series, in the order they came in.

        Raises:
            RunNotFoundError, TagNotFoundError: if there is no such series.
        """
        return self.series(run, tag).read(start, stop)

    def series(self, run: str, tag: str) -> SeriesView:
        """Return a series as it stands, to be read at leisure.

        Raises:
            RunNotFoundError, TagNotFoundError: if there is no such series.
        """
        with self._lock:
            known = self._known(run)
            lanes = known.series.get(tag)
            if lanes is None:
                raise TagNotFoundError(
                    f"Run {run!r} has no series {tag!r:.200}. "
                    f"`vizkit runs {str(self.logdir)!r} --json` lists those that it has."
                )
            views = [(view_of(lane, self._store), position) for lane, position in lanes]
            return SeriesView(views, known.totals.first_wall or 0.0)

    def lanes(self, run: str, prefix: str = "") -> list[tuple[LaneKey, LaneView]]:
        """Return all lanes of a run as they stand, or those whose tag begins with `prefix`.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return [
                (lane.key, view_of(lane, self._store))
                for lane in self._known(run).lanes
                if lane.key.tag.startswith(prefix)
            ]

    def payloads(self, run: str, plugin: str) -> list[PayloadRow]:
        """Return a run's other records of one plugin, in the order they came in."""
        with self._lock:
            known = self._contents.runs.get(run)
            pending = [row for _, _, row in self._contents.pending.payloads if row.run == run]
        if known is None:
            return []
        with self._database.reading() as connection:
            rows = loading.payloads(connection, known.number, plugin)
        # A commit in between may have written what was pending.
        rows += [row for row in pending if row.plugin == plugin]
        return list({(row.file, row.offset): row for row in rows}.values())

    def content(self, row: PayloadRow) -> bytes:
        """Return the serialized `Summary.Value` of a payload, from its file where need be.

        Raises:
            VizkitError: if the file is gone or shorter now.
        """
        if row.data is not None:
            return row.data
        path = self.logdir / row.run / row.file
        try:
            with path.open("rb") as file:
                file.seek(row.offset)
                content = file.read(row.length)
        except OSError as error:
            raise VizkitError(f"The record of {row.tag!r:.200} cannot be read: {error}") from error
        if len(content) < row.length:
            raise VizkitError(f"The record of {row.tag!r:.200} is no longer in {str(path)!r}.")
        return content

    def _known(self, name: str) -> RunState:
        try:
            return self._contents.runs[name]
        except KeyError:
            raise RunNotFoundError(f"No run {name!r} under {str(self.logdir)!r}.") from None

    def _damage(self, reason: str) -> IndexBrokenError:
        self._place.note_damage()
        return IndexBrokenError(
            f"The index is damaged: {reason}. Start again: it is built anew from the event files, "
            f"nothing is lost. Index: {str(self._place.path)!r}"
        )


def _opened(logdir: Path, place: Place) -> Index:
    """Open an index; one that is damaged, or of another version, is built anew."""
    try:
        if place.damaged():
            place.clear()
        return Index(logdir, place)
    except (IndexBrokenError, sa.exc.DatabaseError) as error:
        return _anew(logdir, place, error)


def _anew(logdir: Path, place: Place, reason: Exception) -> Index:
    try:
        place.clear()
        index = Index(logdir, place)
    except (OSError, sa.exc.DatabaseError) as error:
        place.release()
        return Index(logdir, in_memory(place.path, error))
    warnings.warn(
        f"The index could not be used and is built anew from the event files ({reason}).",
        VizkitWarning,
        stacklevel=4,
    )
    return index
