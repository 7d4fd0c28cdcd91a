"""What an index tells of its runs and series: the half of it that only reads."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from vizkit.errors import RunNotFoundError, TagNotFoundError, VizkitError
from vizkit.events.batch import TailState
from vizkit.index import loading
from vizkit.index.catalog import RunState
from vizkit.index.columns import Columns
from vizkit.index.contents import Contents
from vizkit.index.database import Database
from vizkit.index.lane import Lane, LaneKey
from vizkit.index.rows import PayloadRow, RunRow, SeriesRow, Summary
from vizkit.index.stats import series_rows, summaries
from vizkit.index.store import Store
from vizkit.index.view import LaneView, SeriesView, view_of


class Reading:
    """Answers from memory and from the database; safe to use from any thread."""

    logdir: Path
    _lock: threading.RLock
    _database: Database
    _store: Store
    _contents: Contents
    _version: int

    def tail_states(self) -> dict[tuple[str, str], TailState]:
        """Return how far each file was read, by (run, file)."""
        with self._lock:
            return dict(self._contents.states)

    def version(self) -> int:
        """Return a number that grows whenever something was appended or forgotten."""
        return self._version

    def runs(self, names: Collection[str] | None = None) -> list[RunRow]:
        """Return all runs, or those of some names that are there."""
        with self._lock:
            known = self._contents.runs
            chosen = known if names is None else [name for name in names if name in known]
            return [known[name].row() for name in chosen]

    def tags(self, run: str) -> list[SeriesRow]:
        """Return all series of a run.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return series_rows(self._known(run))

    def summaries(self, runs: Collection[str] | None = None) -> dict[str, Mapping[str, Summary]]:
        """Return what is known of each series of all runs, or of some, by run and tag.

        Nothing is read from disk. Runs that are not there are left out.
        """
        with self._lock:
            known = self._contents.runs
            names = known if runs is None else [name for name in runs if name in known]
            return summaries([known[name] for name in names])

    def tag_names(self, run: str) -> list[str]:
        """Return the tags of a run's series, in the order they appeared; reads nothing.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return list(self._known(run).series)

    def stamp(self, run: str, tag: str | None = None) -> tuple[int, ...]:
        """Return numbers that change whenever a run, or one of its series, gets points.

        Nothing is read, and a run of the same name that took its place has other ones.

        Raises:
            RunNotFoundError, TagNotFoundError: if there is no such run or series.
        """
        with self._lock:
            known = self._known(run)
            if tag is None:
                return known.number, known.totals.points, len(known.lanes)
            if tag not in known.series:
                raise TagNotFoundError(f"Run {run!r} has no series {tag!r:.200}.")
            return tuple(n for lane, _ in known.series[tag] for n in (lane.number, lane.rows))

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
            if tag not in self._known(run).series:
                raise TagNotFoundError(
                    f"Run {run!r} has no series {tag!r:.200}. "
                    f"`vizkit runs {str(self.logdir)!r} --json` lists those that it has."
                )
            return self.many([(run, tag)])[run, tag]

    def many(self, series: Iterable[tuple[str, str]]) -> dict[tuple[str, str], SeriesView]:
        """Return series (run, tag) as they stand at one moment; unknown ones are left out."""
        with self._lock:
            runs = self._contents.runs
            strands = {
                (run, tag): runs[run].series[tag]
                for run, tag in series
                if run in runs and tag in runs[run].series
            }
            lanes = list({lane for of_one in strands.values() for lane, _ in of_one})
            views = dict(zip(lanes, self._views(lanes), strict=True))
            origins = {run: runs[run].totals.first_wall or 0.0 for run, _ in strands}
        return {
            (run, tag): SeriesView([(views[lane], at) for lane, at in of_one], origins[run])
            for (run, tag), of_one in strands.items()
        }

    def lanes(
        self, run: str, prefix: str = "", *, parked: bool = True
    ) -> list[tuple[LaneKey, LaneView]]:
        """Return all lanes of a run as they stand, or those whose tag begins with `prefix`.

        parked: with the open chunks that lie in the database; else those are left there.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            lanes = [each for each in self._known(run).lanes if each.key.tag.startswith(prefix)]
            views = self._views(lanes, parked=parked)
            return list(zip([lane.key for lane in lanes], views, strict=True))

    def payloads(self, run: str, plugin: str, after: int = -1) -> list[PayloadRow]:
        """Return a run's other records of one plugin, in the order they came in.

        after: leave out those that were there when `newest_payload` returned this number.
        """
        with self._lock:
            known = self._contents.runs.get(run)
            pending = self._pending_payloads(run, plugin)
        if known is None:
            return []
        with self._database.reading() as connection:
            rows = loading.payloads(connection, known.number, plugin, after)
        # A commit in between may have written what was pending.
        rows += [row for number, row in pending if number > after]
        return list({(row.file, row.offset): row for row in rows}.values())

    def newest_payload(self, run: str, plugin: str) -> tuple[int, int]:
        """Return the number of the run and of its newest record of a plugin, -1 where it has none.

        No record is read. A run of the same name that took its place has another number.
        """
        with self._lock:
            known = self._contents.runs.get(run)
            pending = self._pending_payloads(run, plugin)
        if known is None:
            return -1, -1
        with self._database.reading() as connection:
            newest = loading.newest_payload(connection, known.number, plugin)
        return known.number, max([newest, *(number for number, _ in pending)])

    def _pending_payloads(self, run: str, plugin: str) -> list[tuple[int, PayloadRow]]:
        rows = [*self._contents.writing, *self._contents.pending.payloads]
        return [(number, row) for number, _, row in rows if (row.run, row.plugin) == (run, plugin)]

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

    def _views(self, lanes: Sequence[Lane], *, parked: bool = True) -> list[LaneView]:
        """Return lanes as they stand; parked open chunks are read together, and stay parked."""
        asleep = [lane for lane in lanes if lane.parked_rows and parked]
        places = {lane.number: (lane.chunks, lane.parked_rows) for lane in asleep}
        chunks = self._store.parked(places)
        return [view_of(lane, self._store, chunks.get(lane.number)) for lane in lanes]

    def _known(self, name: str) -> RunState:
        try:
            return self._contents.runs[name]
        except KeyError:
            raise RunNotFoundError(f"No run {name!r} under {str(self.logdir)!r}.") from None
