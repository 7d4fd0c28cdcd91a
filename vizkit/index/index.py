"""The index of a LOGDIR: every series in chunks, one writer, many readers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from vizkit.errors import RunNotFoundError, TagNotFoundError
from vizkit.events.batch import Batch, Payload, TailState
from vizkit.index import facts
from vizkit.index.catalog import RunState, take_points, take_rows
from vizkit.index.columns import Columns
from vizkit.index.lane import Lane, LaneKey
from vizkit.index.rows import PayloadRow, RunRow, SeriesRow
from vizkit.index.stats import merged, series_rows
from vizkit.index.view import LaneView, SeriesView, view_of


class Index:
    """What was read of a LOGDIR so far. Append from one thread, read from any."""

    def __init__(self, logdir: Path) -> None:
        self.logdir = logdir
        self._lock = threading.RLock()
        self._runs: dict[str, RunState] = {}
        self._states: dict[tuple[str, str], TailState] = {}
        self._payloads: list[PayloadRow] = []
        self._source: Any = None
        self._lanes = 0
        self._version = 0

    @classmethod
    def open(cls, logdir: str | Path, url: str | None = None) -> Index:
        return cls(Path(logdir).resolve())

    def close(self) -> None:
        pass

    def append(self, run: str, file: str, batch: Batch, state: TailState) -> set[tuple[str, str]]:
        with self._lock:
            known = self._run(run)
            changed = take_points(known, batch.points, self._open_lane)
            for rows in batch.rows:
                changed |= take_rows(known, rows, batch.attempt, self._open_lane)
            for payload in batch.payloads:
                known.facts = facts.after(known.facts, payload)
                self._payloads.append(_payload_row(run, file, payload))
            self._states[run, file] = state
            self._version += 1
            return changed

    def tail_states(self) -> dict[tuple[str, str], TailState]:
        with self._lock:
            return dict(self._states)

    def version(self) -> int:
        return self._version

    def forget(self, run: str) -> None:
        with self._lock:
            self._runs.pop(run, None)
            self._states = {key: s for key, s in self._states.items() if key[0] != run}
            self._payloads = [p for p in self._payloads if p.run != run]
            self._version += 1

    def runs(self) -> list[RunRow]:
        with self._lock:
            return [run.row() for run in self._runs.values()]

    def tags(self, run: str) -> list[SeriesRow]:
        with self._lock:
            views = [(view_of(lane, self._source), lane.key) for lane in self._known(run).lanes]
        found: dict[str, list[SeriesRow]] = {}
        for view, key in views:
            for row in series_rows(view, key):
                found.setdefault(row.tag, []).append(row)
        return [merged(rows) for rows in found.values()]

    def series(self, run: str, tag: str) -> SeriesView:
        with self._lock:
            known = self._known(run)
            lanes = known.series.get(tag)
            if lanes is None:
                raise TagNotFoundError(f"Run {run!r} has no tag {tag!r}; see `vizkit runs --tags`.")
            views = [(view_of(lane, self._source), position) for lane, position in lanes]
            return SeriesView(views, known.totals.first_wall or 0.0)

    def lanes(self, run: str, prefix: str = "") -> list[tuple[LaneKey, LaneView]]:
        with self._lock:
            return [
                (lane.key, view_of(lane, self._source))
                for lane in self._known(run).lanes
                if lane.key.tag.startswith(prefix)
            ]

    def read(self, run: str, tag: str, start: int = 0, stop: int | None = None) -> Columns:
        return self.series(run, tag).read(start, stop)

    def payloads(self, run: str, plugin: str) -> list[PayloadRow]:
        with self._lock:
            return [p for p in self._payloads if p.run == run and p.plugin == plugin]

    def _run(self, name: str) -> RunState:
        if name not in self._runs:
            self._runs[name] = RunState(len(self._runs), name)
        return self._runs[name]

    def _known(self, name: str) -> RunState:
        try:
            return self._runs[name]
        except KeyError:
            raise RunNotFoundError(f"No run {name!r} under {str(self.logdir)!r}.") from None

    def _open_lane(self, run: RunState, key: LaneKey) -> Lane:
        lane = Lane(self._lanes, key)
        self._lanes += 1
        run.adopt(lane)
        return lane


def _payload_row(run: str, file: str, p: Payload) -> PayloadRow:
    return PayloadRow(run, file, p.tag, p.plugin, p.step, p.wall_time, p.offset, p.length, p.data)
