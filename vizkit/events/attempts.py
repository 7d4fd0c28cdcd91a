"""Which attempt of its run a value belongs to, and which values are drawn. Pure functions.

An attempt is what a training wrote until it was restarted from an earlier step. The first is 0.
`Tail` and `RunFiles` apply the rules while they read, so the columns of a Batch carry the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import FileFacts, Ints, Points, Walk

Mask = NDArray[np.bool_]
Attempts = NDArray[np.int32]


def file_attempt(earlier: Iterable[FileFacts], opened: FileFacts) -> int:
    """Return the attempt with which a file begins, known when its first value was read.

    earlier: facts of the run's files that began before. A file that goes on at higher steps
    continues their attempt; one of the same rank that begins at or below their last step is a
    restart; files that are written at the same time (several ranks, an evaluation beside the
    training) belong together.
    """
    written = [facts for facts in earlier if facts.last_step is not None]
    beside = [facts for facts in written if _alive(facts, opened)]
    before = [facts for facts in written if _rank(facts) == _rank(opened) and facts not in beside]
    return max([_after(before, opened), *(facts.last_attempt for facts in beside)])


def _after(before: Sequence[FileFacts], opened: FileFacts) -> int:
    last = max((facts.last_attempt for facts in before), default=0)
    steps = [facts.last_step or 0 for facts in before if facts.last_attempt == last]
    first = opened.first_step
    return last + 1 if steps and first is not None and first <= max(steps) else last


def _rank(facts: FileFacts) -> int:
    return facts.start.rank if facts.start else 0


def _alive(facts: FileFacts, opened: FileFacts) -> bool:
    if facts.last_wall is None or opened.first_wall is None:
        return False
    return facts.last_wall >= opened.first_wall


def is_restart(facts: FileFacts, step: int) -> bool:
    """Tell whether a SessionLog START at `step` takes back steps that its file holds.

    Step 0 says nothing: TensorFlow writes it at every start.
    """
    return step > 0 and facts.last_step is not None and step <= facts.last_step


def walk(
    points: Points, base: int, walks: Mapping[str, Walk]
) -> tuple[Attempts, dict[str, Walk], int | None]:
    """Find the restarts inside a foreign file: a tag goes back and walks forward again.

    One point that goes back and is followed by a step beyond all before is a late point and stays
    in its attempt. base: attempt of tags that are not in `walks`, which is what the call before
    returned. Returns the attempt of each point, the walks to go on with, and the index of the
    first point that went back as its tag's last one: which case it is, the next one will tell.
    """
    attempts = np.full(len(points), base, np.int32)
    after = dict(walks)
    open_ends = []
    for tag, mine in by_tag(points):
        steps = points.step[mine]
        attempts[mine], after[tag] = _walk(steps, walks.get(tag), base)
        if after[tag].last < after[tag].high:
            open_ends.append(int(mine[_last_stretch(steps)]))
    return attempts, after, min(open_ends, default=None)


def by_tag(points: Points) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Yield the tags that have points, each with their indices in file order."""
    order = np.argsort(points.tag_index, kind="stable")
    bounds = np.searchsorted(points.tag_index[order], np.arange(len(points.tags) + 1)).tolist()
    for tag, begin, end in zip(points.tags, bounds, bounds[1:], strict=False):
        if begin < end:
            yield tag, order[begin:end]


def _last_stretch(steps: Ints) -> int:
    """Return the index of the first of the equal steps at the end."""
    others = np.flatnonzero(steps != steps[-1])
    return int(others[-1]) + 1 if others.size else 0


def _walk(steps: Ints, known: Walk | None, base: int) -> tuple[Attempts, Walk]:
    first = int(steps[0])
    known = known or Walk(base, first, first)
    if first >= known.high and bool((steps[1:] >= steps[:-1]).all()):
        attempts = np.full(steps.size, known.attempt, np.int32)
        return attempts, Walk(known.attempt, int(steps[-1]), int(steps[-1]))
    return _walk_slowly(steps.tolist(), known)


def _walk_slowly(steps: list[int], known: Walk) -> tuple[Attempts, Walk]:
    attempt, high, last = known.attempt, known.high, known.last
    attempts = []
    for step, following in zip(steps, _next_others(steps), strict=True):
        goes_on_back = last < high and last < step <= high
        turns_back = step < high and following is not None and step < following <= high
        if goes_on_back or turns_back:
            attempt, high = attempt + 1, step
        attempts.append(attempt)
        high, last = max(high, step), step
    return np.array(attempts, np.int32), Walk(attempt, high, last)


def _next_others(steps: list[int]) -> list[int | None]:
    """Return for each step the next one that differs."""
    found: list[int | None] = [None]
    for step, behind in zip(steps[-2::-1], steps[:0:-1], strict=True):
        found.append(behind if behind != step else found[-1])
    return found[::-1]


def drawn(step: Ints, attempt: Attempts) -> Mask:
    """Tell which points of a series are drawn. step, attempt, result: shape (n,), in any order.

    A later attempt covers the earlier ones from its lowest step on.
    """
    shown = np.ones(step.size, bool)
    if not attempt.any():
        return shown
    behind: int | None = None
    for number in np.unique(attempt)[::-1].tolist():
        mine = attempt == number
        if behind is not None:
            shown &= ~(mine & (step >= behind))
        lowest = int(step[mine].min())
        behind = lowest if behind is None else min(behind, lowest)
    return shown
