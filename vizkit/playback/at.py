"""The value of every series at the playhead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from vizkit.index import Index
from vizkit.index.columns import Ints, Peek
from vizkit.index.lane import LaneKey
from vizkit.index.view import LaneView
from vizkit.playback.frame import Span, drawn_by_tag

_NEVER, _ALWAYS = -(1 << 63), (1 << 63) - 1


def at(
    index: Index, run: str, until: float | None = None, prefix: str | None = None
) -> dict[str, float]:
    """Return the last known value of every series, finite or not: that of the highest step.

    The arguments are those of `seen_at`.

    Raises:
        RunNotFoundError: if there is no such run.
    """
    return {tag: value for tag, (_, value) in seen_at(index, run, until, prefix).items()}


def seen_at(
    index: Index, run: str, until: float | None = None, prefix: str | None = None
) -> dict[str, tuple[int, float]]:
    """Return (step, value) of the last known point of every series.

    until: a step; points behind it are not known. prefix: only tags that begin with it. Earlier
    attempts count only below the step at which a later one took over.

    Raises:
        RunNotFoundError: if there is no such run.
    """
    wanted = prefix or ""
    lanes = [each for each in index.lanes(run, parked=False) if _may_match(each[0], wanted)]
    spans = drawn_by_tag(lanes)
    end = np.inf if until is None else until
    rows = _Rows()
    searches = [_Search(lane, end, spans[key.tag], rows) for key, lane in lanes]
    _open_parked(searches)
    _finish(searches)
    _fetch_parked(searches)
    best: dict[str, tuple[int, float]] = {}
    for (key, _), search in zip(lanes, searches, strict=True):
        for tag, value in zip(key.series, search.values(), strict=False):
            if tag.startswith(wanted) and search.step >= best.get(tag, (search.step, 0.0))[0]:
                best[tag] = (search.step, value)
    return best


class _Rows:
    """Finds chunks and rows by steps; series that are logged together share steps and answers."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[bytes, ...], tuple[list[int], list[int]]] = {}
        self._known: dict[tuple[int, int, int, int], tuple[Ints, int | None]] = {}

    def chunks(self, lane: LaneView, bound_of: Callable[[int], int]) -> tuple[list[int], list[int]]:
        """Return the highest step that counts of each chunk, and the chunks, the best last."""
        if not len(lane.directory):
            return [], []
        directory = lane.directory[:, 0]
        attempt, first = directory["attempt"], directory["first"]["step"]
        last = directory["last"]["step"]
        bounds = np.array([bound_of(each) for each in attempt.tolist()], np.int64)
        key = (bounds.tobytes(), first.tobytes(), last.tobytes())
        if key not in self._chunks:
            upper = np.minimum(last, bounds)
            reachable = np.flatnonzero(first <= bounds)
            # Steps mostly ascend: the first chunk looked at decides nearly always.
            order = np.lexsort((reachable, upper[reachable]))
            self._chunks[key] = upper.tolist(), reachable[order].tolist()
        return self._chunks[key]

    def last(self, steps: Ints, bound: int) -> int | None:
        """Return the row of the highest step up to `bound`, of several the latest."""
        place, step = steps.__array_interface__["data"][0], steps.strides[0]
        key = (place, step, len(steps), bound)
        if key not in self._known:  # the steps are kept as well, so that their place stays theirs
            self._known[key] = (steps, _last_known(steps, bound))
        return self._known[key][1]


class _Search:
    """Looks for the row of a lane with the highest known step, of several the latest."""

    def __init__(
        self, lane: LaneView, until: float, spans: Mapping[int, Span], rows: _Rows
    ) -> None:
        self.lane = lane
        self.step = _NEVER
        self._found: tuple[Peek, int] | None = None
        self._bound_of = partial(_bound, until=until, spans=spans)
        self._rows = rows
        self._upper, chunks = rows.chunks(lane, self._bound_of)
        self._chunks = list(chunks)
        if len(lane.open):
            self.look(lane.open.peek())

    def wanted(self) -> int | None:
        """Return the sealed chunk to be looked into next, None when the search is over."""
        if not self._chunks or (self._found and self._upper[self._chunks[-1]] <= self.step):
            return None
        return self._chunks[-1]

    def take(self, chunk: Peek) -> None:
        """Look into the chunk that was wanted."""
        self._chunks.pop()
        self.look(chunk)

    def look(self, chunk: Peek, rows: int | None = None) -> None:
        """Look into a chunk, or into the first rows of it."""
        bound = self._bound_of(chunk.attempt)
        steps = chunk.step if rows is None else chunk.step[:rows]
        row = None if bound == _NEVER else self._rows.last(steps, bound)
        if row is not None and (self._found is None or int(steps[row]) > self.step):
            self.step, self._found = int(steps[row]), (chunk, row)

    @property
    def late(self) -> bool:
        """Tell whether the row was found, but not yet its values."""
        return self._found is not None and self._found[0].row is None

    def complete(self, chunk: Peek) -> None:
        """Take the chunk whose steps were looked into, with its values."""
        assert self._found is not None
        self._found = (chunk, self._found[1])

    def values(self) -> list[float]:
        """Return the values of the row; none if there is no such row."""
        if self._found is None or self._found[0].row is None:
            return []
        values: list[float] = self._found[0].row(self._found[1]).tolist()
        return values


def _open_parked(searches: Sequence[_Search]) -> None:
    """Look into open chunks that lie in the database: first at their steps, where they are long."""
    parked = [each for each in searches if each.lane.parked]
    if not parked:
        return
    source = parked[0].lane.source
    short = _places([each for each in parked if not len(each.lane.directory)])
    long = _places([each for each in parked if len(each.lane.directory)])
    peeks = source.parked_peeks(short) | source.parked_steps(long)
    for each in parked:
        each.look(peeks[each.lane.number], each.lane.parked)


def _fetch_parked(searches: Sequence[_Search]) -> None:
    late = [each for each in searches if each.late]
    if late:
        peeks = late[0].lane.source.parked_peeks(_places(late))
        for each in late:
            each.complete(peeks[each.lane.number])


def _places(searches: Sequence[_Search]) -> dict[int, int]:
    """Return the number of each lane's open chunk."""
    return {each.lane.number: len(each.lane.directory) for each in searches}


def _finish(searches: Sequence[_Search]) -> None:
    """Let all searches look into their next chunks together, until none wants more."""
    while wanted := {each: no for each in searches if (no := each.wanted()) is not None}:
        written = [(each, no) for each, no in wanted.items() if no not in each.lane.waiting]
        places = [(search.lane.number, no) for search, no in written]
        read = searches[0].lane.source.peek(places)
        for search, no in wanted.items():
            waiting = search.lane.waiting.get(no)
            search.take(read[search.lane.number, no] if waiting is None else waiting.peek())


def _last_known(steps: Ints, bound: int) -> int | None:
    known = np.flatnonzero(steps <= bound)
    if not len(known):
        return None
    return int(known[len(known) - 1 - int(steps[known][::-1].argmax())])


def _may_match(key: LaneKey, prefix: str) -> bool:
    stem = key.tag if key.names is None else key.tag.removesuffix("*")
    return stem.startswith(prefix) or prefix.startswith(stem)


def _bound(attempt: int, until: float, spans: Mapping[int, Span]) -> int:
    """Return the highest step that counts of an attempt."""
    if attempt not in spans:
        return _NEVER
    bound = min(until, spans[attempt][1] - 1)
    return _ALWAYS if bound >= _ALWAYS else max(_NEVER, math.floor(bound))
