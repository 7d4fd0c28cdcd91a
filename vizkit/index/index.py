"""The index of a LOGDIR: every series in chunks, one writer, many readers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from vizkit.errors import (
    IndexBrokenError,
    RunNotFoundError,
    TagNotFoundError,
    VizkitError,
)
from vizkit.events.batch import Batch, TailState
from vizkit.index import loading
from vizkit.index.catalog import RunState
from vizkit.index.columns import Columns
from vizkit.index.committer import Committer
from vizkit.index.contents import Contents
from vizkit.index.database import Database
from vizkit.index.lane import Lane, LaneKey
from vizkit.index.place import Place, find_place
from vizkit.index.recovery import recovered
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

    def tags(self, run: str) -> list[SeriesRow]:
        """Return all series of a run.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            lanes = [(lane, lane.rows, lane.described) for lane in self._known(run).lanes]
            stale = [lane for lane, rows, told in lanes if told[0] != rows]
            views = dict(zip(stale, self._views(stale), strict=True))
        found: dict[str, list[SeriesRow]] = {}
        for lane, rows, (_, told) in lanes:
            if lane in views:
                told = series_rows(views[lane], lane.key)
                lane.described = (rows, told)
            for row in told:
                found.setdefault(row.tag, []).append(row)
        return [merged(rows) for rows in found.values()]

    def tag_names(self, run: str) -> list[str]:
        """Return the tags of a run's series, in the order they appeared; reads nothing.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return list(self._known(run).series)

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
            views = self._views([lane for lane, _ in lanes])
            strands = list(zip(views, [position for _, position in lanes], strict=True))
            return SeriesView(strands, known.totals.first_wall or 0.0)

    def lanes(self, run: str, prefix: str = "") -> list[tuple[LaneKey, LaneView]]:
        """Return all lanes of a run as they stand, or those whose tag begins with `prefix`.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            lanes = [each for each in self._known(run).lanes if each.key.tag.startswith(prefix)]
            return list(zip([lane.key for lane in lanes], self._views(lanes), strict=True))

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

    def _views(self, lanes: Sequence[Lane]) -> list[LaneView]:
        """Return lanes as they stand; parked ones are brought back together."""
        parked = {lane.number: lane for lane in lanes if lane.parked_rows}
        for number, chunk in self._store.open_chunks(list(parked)).items():
            parked[number].wake(chunk)
        return [view_of(lane, self._store) for lane in lanes]

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
