"""Follows an index that another process writes: reads what each of its commits changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from vizkit.index import codec, journal, loading, schema
from vizkit.index.catalog import RunState
from vizkit.index.contents import Contents
from vizkit.index.database import Database, Mark
from vizkit.index.lane import Kept, Lane, LaneKey
from vizkit.index.pyramid import Entries
from vizkit.index.store import Store

Changed = set[tuple[str, str]]


@dataclass(frozen=True)
class LaneNews:
    """What was written of a lane; `chunks`: entries of those that are new here."""

    number: int
    run: int
    key: LaneKey
    kept: Kept


@dataclass(frozen=True)
class News:
    """What was committed up to `mark`. forgotten: numbers of runs."""

    mark: Mark
    forgotten: frozenset[int]
    runs: Sequence[RunState]
    lanes: Sequence[LaneNews]
    stretches: Sequence[journal.Stretch]


class Replica:
    """Contents that are kept as another process commits them. One thread only."""

    def __init__(self, database: Database, store: Store, contents: Contents, mark: Mark) -> None:
        self.mark = mark
        self._database = database
        self._store = store
        self._contents = contents
        self._runs = {run.number: run for run in contents.runs.values()}
        self._lanes = {lane.number: lane for run in self._runs.values() for lane in run.lanes}

    def news(self) -> News | None:
        """Read what is new, without changing anything; None if all has to be read anew."""
        with self._database.snapshot() as connection:
            mark = self._database.mark(connection)
            if mark == self.mark:
                return News(mark, frozenset(), (), (), ())
            if (mark.birth, mark.epoch) != (self.mark.birth, self.mark.epoch):
                return None
            entries = list(_entries(connection, self.mark.number))
            if len(entries) != mark.number - self.mark.number:
                return None  # so much was committed that the journal forgot some
            return self._read(connection, mark, entries)

    def take(self, news: News) -> tuple[Changed, bool]:
        """Take news over; returns the series that grew, and whether anything else changed.

        The caller holds the lock of the contents.
        """
        for number in news.forgotten:
            self._forget(number)
        for run in news.runs:
            self._take_run(run)
        changed: Changed = set()
        for each in news.lanes:
            changed |= self._take_lane(each)
        for stretch in news.stretches:
            lane = self._lanes.get(stretch.lane)
            if lane is not None and loading.append(lane, stretch):
                changed |= lane.changed
        self.mark = news.mark
        return changed, bool(news.forgotten or news.runs)

    def _read(self, connection: sa.Connection, mark: Mark, entries: Sequence[memoryview]) -> News:
        changes = [journal.changes_of(data) for data in entries]
        forgotten = frozenset(number for each in changes for number in each.forgotten)
        runs = {number for each in changes for number in each.runs} - forgotten
        states = list(loading.run_states(connection, runs))
        known = {**self._runs, **{run.number: run for run in states}}
        series = {number for each in changes for number in each.series}
        # Series of forgotten runs are gone from their table already.
        records = list(loading.lane_records(connection, known, series))
        grown = [number for number, _, _, chunks, _ in records if chunks > self._chunks(number)]
        found = loading.directories(connection, grown)
        lanes = []
        for number, run, key, chunks, kept in records:
            more = range(self._chunks(number), chunks)
            directory: Entries = loading.directory(found.get(number, {}), more, len(key.series))
            lanes.append(LaneNews(number, run.number, key, replace(kept, directory=directory)))
        stretches = [each for data in entries for each in journal.stretches_of(data)]
        return News(mark, forgotten, states, lanes, stretches)

    def _chunks(self, lane: int) -> int:
        known = self._lanes.get(lane)
        return 0 if known is None else known.chunks

    def _forget(self, number: int) -> None:
        run = self._runs.pop(number, None)
        if run is not None:
            gone = {lane.number for lane in run.lanes}
            self._store.forgotten.update(gone)
            self._lanes = {n: lane for n, lane in self._lanes.items() if n not in gone}
            del self._contents.runs[run.name]

    def _take_run(self, news: RunState) -> None:
        known = self._runs.get(news.number)
        if known is None:
            self._runs[news.number] = self._contents.runs[news.name] = news
        else:
            known.totals, known.facts = news.totals, news.facts

    def _take_lane(self, news: LaneNews) -> Changed:
        lane = self._lanes.get(news.number)
        if lane is None:
            lane = Lane.stored_as(news.number, news.key, self._store.open_chunk, news.kept)
            self._lanes[news.number] = lane
            self._runs[news.run].adopt(lane)
            return set(lane.changed)
        before = lane.rows
        lane.advance(news.kept)
        return set(lane.changed) if lane.rows > before else set()


def _entries(connection: sa.Connection, after: int) -> Iterator[memoryview]:
    table = schema.journal
    query = sa.select(table).where(table.c.id > after).order_by(table.c.id)
    for number, blob in connection.execute(query):
        yield codec.unsealed(("journal", number), blob)
