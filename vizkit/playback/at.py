"""The value of every series at the playhead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from vizkit.index import Index
from vizkit.index.columns import Floats, Peek
from vizkit.index.lane import LaneKey
from vizkit.index.view import LaneView
from vizkit.playback.frame import Span, drawn_by_tag

_NEVER, _ALWAYS = -(1 << 63), (1 << 63) - 1


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
    end = np.inf if until is None else until
    searches = [_Search(lane, end, spans[key.tag]) for key, lane in lanes]
    _finish(searches)
    best: dict[str, tuple[int, float]] = {}
    for (key, _), search in zip(lanes, searches, strict=True):
        for tag, value in zip(key.series, search.values(), strict=False):
            if tag.startswith(wanted) and search.step >= best.get(tag, (search.step, 0.0))[0]:
                best[tag] = (search.step, value)
    return {tag: value for tag, (_, value) in best.items()}


class _Search:
    """Looks for the row of a lane with the highest known step, of several the latest."""

    def __init__(self, lane: LaneView, until: float, spans: Mapping[int, Span]) -> None:
        self.lane = lane
        self.step = _NEVER
        self._row: Callable[[], Floats] | None = None
        directory = lane.directory[:, 0]
        attempts = directory["attempt"].tolist()
        self._bounds = np.array([_bound(each, until, spans) for each in attempts], np.int64)
        self._upper = np.minimum(directory["last"]["step"], self._bounds)
        reachable = np.flatnonzero(directory["first"]["step"] <= self._bounds)
        # Steps mostly ascend: the first chunk looked at decides nearly always.
        self._chunks = reachable[np.lexsort((reachable, self._upper[reachable]))].tolist()
        self._look(lane.open.peek(), _bound(lane.open.attempt, until, spans))

    def wanted(self) -> int | None:
        """Return the sealed chunk to be looked into next, None when the search is over."""
        if not self._chunks or (self._row and self._upper[self._chunks[-1]] <= self.step):
            return None
        return int(self._chunks[-1])

    def take(self, chunk: Peek) -> None:
        """Look into the chunk that was wanted."""
        self._look(chunk, int(self._bounds[self._chunks.pop()]))

    def values(self) -> list[float]:
        """Return the values of the row; none if there is no such row."""
        return self._row().tolist() if self._row else []

    def _look(self, chunk: Peek, bound: int) -> None:
        known = np.flatnonzero(chunk.step <= bound)
        if not len(known) or bound == _NEVER:
            return
        row = int(known[len(known) - 1 - int(chunk.step[known][::-1].argmax())])
        step = int(chunk.step[row])
        if self._row is None or step > self.step:
            self.step, self._row = step, partial(chunk.row, row)


def _finish(searches: Sequence[_Search]) -> None:
    """Let all searches look into their next chunks together, until none wants more."""
    while wanted := {each: no for each in searches if (no := each.wanted()) is not None}:
        written = [(each, no) for each, no in wanted.items() if no not in each.lane.waiting]
        places = [(search.lane.number, no) for search, no in written]
        read = searches[0].lane.source.peek(places)
        for search, no in wanted.items():
            waiting = search.lane.waiting.get(no)
            search.take(read[search.lane.number, no] if waiting is None else waiting.peek())


def _may_match(key: LaneKey, prefix: str) -> bool:
    stem = key.tag if key.names is None else key.tag.removesuffix("*")
    return stem.startswith(prefix) or prefix.startswith(stem)


def _bound(attempt: int, until: float, spans: Mapping[int, Span]) -> int:
    """Return the highest step that counts of an attempt."""
    if attempt not in spans:
        return _NEVER
    bound = min(until, spans[attempt][1] - 1)
    return _ALWAYS if bound >= _ALWAYS else max(_NEVER, math.floor(bound))
