"""Runs and their lanes: which lane takes the points of a tag, and which lanes a series is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Points, Rows
from vizkit.index.columns import Floats, Ints
from vizkit.index.lane import Lane, LaneKey
from vizkit.index.rows import RunFacts, RunRow, Summary

MANY_LAYOUTS = 64
"""Layouts of one vector tag after which its rows are taken apart into scalar series."""


@dataclass(frozen=True)
class Totals:
    """What was counted of a run. Steps and times are None before its first point."""

    points: int = 0
    first_step: int | None = None
    last_step: int | None = None
    first_wall: float | None = None
    last_wall: float | None = None
    attempts: int = 1

    def plus(self, points: int, step: Ints, wall: Floats, last_attempt: int) -> Totals:
        """Return the totals with more points counted; step, wall: of each of their rows."""
        if not len(step):
            return self
        return Totals(
            points=self.points + points,
            first_step=_least(self.first_step, int(step.min())),
            last_step=_most(self.last_step, int(step.max())),
            first_wall=_least(self.first_wall, float(np.fmin.reduce(wall))),
            last_wall=_most(self.last_wall, float(np.fmax.reduce(wall))),
            attempts=max(self.attempts, last_attempt + 1),
        )


class RunState:
    """A run: its lanes and what was counted; not thread-safe by itself.

    told: the summaries of its series, and how many points it had then.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.lanes: list[Lane] = []
        self.series: dict[str, list[tuple[Lane, int]]] = {}
        self.facts = RunFacts()
        self.totals = Totals()
        self.told: tuple[int, Mapping[str, Summary]] = (0, {})
        self._taking: dict[LaneKey, Lane] = {}
        self._apart: set[str] = set()

    def adopt(self, lane: Lane) -> None:
        """Let the lane take the points of its series from now on.

        The lanes that took them before take no more: ordinals must never shift.
        """
        positions = {tag: position for position, tag in enumerate(lane.key.series)}
        for tag, position in positions.items():
            known = self.series.setdefault(tag, [])
            if known:
                self._taking.pop(known[-1][0].key, None)
            known.append((lane, position))
        self.lanes.append(lane)
        self._taking[lane.key] = lane

    def taking(self, key: LaneKey) -> Lane | None:
        """Return the lane that takes points of this key, if one does."""
        return self._taking.get(key)

    def takes_apart(self, rows: Rows) -> bool:
        """Tell whether a vector's rows go to scalar series.

        So it is when its layout changes all the time, or one of its series is logged as a scalar
        as well.
        """
        key = LaneKey(self.name, rows.tag, rows.names)
        if key not in self._taking and (self._mixed(key) or self._many_layouts(rows.tag)):
            self._apart.add(rows.tag)
        return rows.tag in self._apart

    def row(self) -> RunRow:
        """Return what the index tells of the run."""
        return RunRow(
            name=self.name,
            first_step=self.totals.first_step,
            last_step=self.totals.last_step,
            first_wall_time=self.totals.first_wall,
            last_wall_time=self.totals.last_wall,
            points=self.totals.points,
            n_tags=len(self.series),
            attempts=self.totals.attempts,
            facts=self.facts,
        )

    def _mixed(self, key: LaneKey) -> bool:
        return any(LaneKey(self.name, tag) in self._taking for tag in key.series)

    def _many_layouts(self, tag: str) -> bool:
        return sum(lane.key.tag == tag for lane in self.lanes) >= MANY_LAYOUTS


_Number = TypeVar("_Number", int, float)


def _least(known: _Number | None, found: _Number) -> _Number:
    return found if known is None else min(known, found)


def _most(known: _Number | None, found: _Number) -> _Number:
    return found if known is None else max(known, found)


Opener = Callable[[RunState, LaneKey], Lane]


def take_points(run: RunState, points: Points, open_lane: Opener) -> set[tuple[str, str]]:
    """Append scalars to their lanes; returns the series that grew, as (run, tag)."""
    changed: set[tuple[str, str]] = set()
    if not len(points):
        return changed
    order = np.argsort(points.tag_index, kind="stable")
    tags = points.tag_index[order]
    bounds = [0, *(np.flatnonzero(np.diff(tags)) + 1).tolist(), len(order)]
    steps, walls = points.step[order], points.wall_time[order]
    values, attempts = points.value[order][:, None], points.attempt[order]
    one_attempt = int(attempts.min()) == int(attempts.max())
    for start, stop in zip(bounds, bounds[1:], strict=False):
        key = LaneKey(run.name, points.tags[int(tags[start])])
        lane = run.taking(key) or open_lane(run, key)
        for begin, end in [(start, stop)] if one_attempt else _stretches(attempts, start, stop):
            part = slice(begin, end)
            lane.append(steps[part], walls[part], values[part], int(attempts[begin]))
        changed |= lane.changed
    run.totals = run.totals.plus(len(order), steps, walls, int(attempts.max(initial=0)))
    return changed


def take_rows(run: RunState, rows: Rows, attempt: int, open_lane: Opener) -> set[tuple[str, str]]:
    """Append a vector's rows; returns the series that grew, as (run, tag)."""
    if run.takes_apart(rows):
        return take_points(run, _apart(rows, attempt), open_lane)
    key = LaneKey(run.name, rows.tag, rows.names)
    if not len(rows):
        return set()
    lane = run.taking(key) or open_lane(run, key)
    lane.append(rows.step, rows.wall_time, rows.value, attempt)
    run.totals = run.totals.plus(rows.value.size, rows.step, rows.wall_time, attempt)
    return set(lane.changed)


def _stretches(attempts: NDArray[np.int32], start: int, stop: int) -> list[tuple[int, int]]:
    cuts = (np.flatnonzero(np.diff(attempts[start:stop])) + start + 1).tolist()
    return list(zip([start, *cuts], [*cuts, stop], strict=True))


def _apart(rows: Rows, attempt: int) -> Points:
    m, k = rows.value.shape
    flat: Floats = rows.value.reshape(-1).astype(np.float64)
    return Points(
        tags=rows.series,
        tag_index=np.tile(np.arange(k, dtype=np.int32), m),
        step=np.repeat(rows.step, k),
        wall_time=np.repeat(rows.wall_time, k),
        value=flat,
        attempt=np.full(m * k, attempt, np.int32),
    )
