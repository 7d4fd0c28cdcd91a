"""Which items of two sequences are the same one: the longest common subsequence, bounded."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Sequence

MOST_EDITS = 400
"""Beyond this many insertions and removals items are matched in order, greedily."""

Pairs = list[tuple[int, int]]


def matched(old: Sequence[Hashable], new: Sequence[Hashable]) -> Pairs:
    """Return pairs of places that hold equal items, both ascending."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    middle = _middle(a, b)
    pairs = [(place, place) for place in range(head)]
    pairs += [(i + head, j + head) for i, j in middle]
    ends = zip(range(len(old) - tail, len(old)), range(len(new) - tail, len(new)), strict=True)
    return [*pairs, *ends]


def _common(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        count += 1
    return count


def _middle(a: Sequence[Hashable], b: Sequence[Hashable]) -> Pairs:
    if not a or not b:
        return []
    rounds = _rounds(a, b)
    return _greedy(a, b) if rounds is None else _traced(rounds, len(a), len(b))


def _rounds(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[dict[int, int]] | None:
    """Return, edit by edit, how far each diagonal reaches (Myers 1986); None: too many edits."""
    reach = {1: 0}
    rounds: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), MOST_EDITS) + 1):
        rounds.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            x, _ = _step(reach, diagonal, edits)
            while x < len(a) and x - diagonal < len(b) and a[x] == b[x - diagonal]:
                x += 1
            reach[diagonal] = x
            if x >= len(a) and x - diagonal >= len(b):
                return rounds
    return None


def _step(reach: dict[int, int], diagonal: int, edits: int) -> tuple[int, bool]:
    """Return where an edit onto a diagonal comes out in `a`, and whether it inserts from `b`."""
    left, right = reach.get(diagonal - 1, -1), reach.get(diagonal + 1, -1)
    inserts = diagonal == -edits or (diagonal != edits and left < right)
    return (right, True) if inserts else (left + 1, False)


def _traced(rounds: list[dict[int, int]], x: int, y: int) -> Pairs:
    pairs: Pairs = []
    for edits in range(len(rounds) - 1, -1, -1):
        start, inserts = _step(rounds[edits], x - y, edits)
        while x > start and y > 0:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = (start, y - 1) if inserts else (start - 1, y)
    return pairs[::-1]


def _greedy(a: Sequence[Hashable], b: Sequence[Hashable]) -> Pairs:
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(b):
        places[item].append(place)
    pairs: Pairs = []
    last = -1
    for i, item in enumerate(a):
        found = places.get(item, [])
        at = bisect_right(found, last)
        if at < len(found):
            last = found[at]
            pairs.append((i, last))
    return pairs
