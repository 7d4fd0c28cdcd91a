"""The value of every series at the playhead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vizkit.index import Index
from vizkit.index.columns import Floats, Ints
from vizkit.index.lane import LaneKey
from vizkit.index.view import LaneView
from vizkit.playback.frame import Span, drawn_by_tag

_NEVER, _ALWAYS = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class _Found:
    """A row: its step and the chunk that holds it, None for the open one."""

    step: int
    chunk: int | None
    row: int


def at(
    index: Index, run: str, until: float | None = None, prefix: str | None = None
) -> dict[str, float]:
    """Return the last known value of every series, finite or not: that of the highest step.

    until: a step; points behind it are not known. prefix: only tags that begin with it. Earlier
    attempts count only below the step at which a later one took over.

    Raises:
        RunNotFoundError: if there is no such run.
    """
    wanted = prefix or ""
    lanes = [(key, lane) for key, lane in index.lanes(run) if _may_match(key, wanted)]
    spans = drawn_by_tag(lanes)
    best: dict[str, tuple[int, float]] = {}
    for key, lane in lanes:
        found = _last_row(lane, np.inf if until is None else until, spans[key.tag])
        if found is not None:
            values = _values(lane, found).tolist()
            for tag, value in zip(key.series, values, strict=True):
                if tag.startswith(wanted) and found.step >= best.get(tag, (found.step, 0.0))[0]:
                    best[tag] = (found.step, value)
    return {tag: value for tag, (_, value) in best.items()}


def _may_match(key: LaneKey, prefix: str) -> bool:
    stem = key.tag if key.names is None else key.tag.removesuffix("*")
    return stem.startswith(prefix) or prefix.startswith(stem)


def _last_row(lane: LaneView, until: float, spans: Mapping[int, Span]) -> _Found | None:
    best = _found_in(lane.open.step, _bound(lane.open.attempt, until, spans), None)
    directory = lane.directory[:, 0]
    bounds = np.array([_bound(a, until, spans) for a in directory["attempt"].tolist()], np.int64)
    reachable = np.flatnonzero(directory["first"]["step"] <= bounds)
    upper = np.minimum(directory["last"]["step"], bounds)[reachable]
    # Steps mostly ascend: the first chunk looked at decides nearly always.
    for nearest in np.lexsort((reachable, upper))[::-1].tolist():
        if best is not None and upper[nearest] <= best.step:
            break
        no = int(reachable[nearest])
        found = _found_in(lane.steps(no), int(bounds[no]), no)
        if found is not None and (best is None or found.step > best.step):
            best = found
    return best


def _bound(attempt: int, until: float, spans: Mapping[int, Span]) -> int:
    """Return the highest step that counts of an attempt."""
    if attempt not in spans:
        return _NEVER
    bound = min(until, spans[attempt][1] - 1)
    return _ALWAYS if bound >= _ALWAYS else max(_NEVER, math.floor(bound))


def _found_in(steps: Ints, bound: int, chunk: int | None) -> _Found | None:
    known = np.flatnonzero(steps <= bound)
    if not len(known) or bound == _NEVER:
        return None
    row = int(known[len(known) - 1 - int(steps[known][::-1].argmax())])
    return _Found(int(steps[row]), chunk, row)


def _values(lane: LaneView, found: _Found) -> Floats:
    if found.chunk is not None:
        return lane.row(found.chunk, found.row)
    values: Floats = lane.open.value[found.row].astype(np.float64)
    return values
