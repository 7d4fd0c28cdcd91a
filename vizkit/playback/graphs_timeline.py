"""Which structure of the graph ran at which step: what stretches tell, cut where others count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from vizkit.kinds.graph.versions import MOST_TURNS, Form, Stretch

UNSEEN = 0
"""Stands among the numbers of versions for steps that were not looked at."""

OTHER = -1
"""Stands for mixtures of known parts, which are counted but no versions of their own."""

Timed = tuple[float, Stretch]
Sighting = tuple[float, int, str]
"""(wall time in seconds, step, rolled signature): that this structure ran at this step."""


@dataclass(frozen=True)
class Turns:
    """From `steps[i]` on `versions[i]` ran; both ascend together.

    is_exact: False where a training noted only the first and last step of each structure.
    """

    steps: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()
    is_exact: bool = True

    def at(self, step: float) -> int:
        """Return the version at a step, UNSEEN before the first."""
        place = bisect_right(self.steps, step) - 1
        return self.versions[place] if place >= 0 else UNSEEN

    def latest(self, step: float) -> int:
        """Return the version that was seen last up to a step, UNSEEN if none was."""
        places = range(bisect_right(self.steps, step) - 1, -1, -1)
        return next((self.versions[p] for p in places if self.versions[p] != UNSEEN), UNSEEN)


def counted(
    stretches: Iterable[Timed], sightings: Iterable[Sighting]
) -> tuple[list[Stretch], list[tuple[int, str]]]:
    """Return the stretches and the (step, rolled) that count, in the order of their steps.

    What was recorded later, by a restarted training or another process, takes the place of what
    was recorded earlier from its first step on.
    """
    parts: list[Stretch] = []
    seen: list[tuple[float, int, str]] = []
    timed: list[tuple[float, Stretch | Sighting]] = [(wall, each) for wall, each in stretches]
    timed += [(each[0], each) for each in sightings]
    for wall, each in sorted(timed, key=_by_time):
        if isinstance(each, Stretch):
            parts = _before(parts, each.first)
            parts.append(each)
            seen = [one for one in seen if not _replaces(each, wall, one)]
        else:
            parts = _before(parts, each[1])
            seen = [one for one in seen if one[1] < each[1]] + [each]
    return parts, [(step, rolled) for _, step, rolled in seen]


def cut(stretch: Stretch, end: int) -> Stretch | None:
    """Return what was known of a stretch at step `end`; None if it had not begun."""
    if end >= stretch.last:
        return stretch
    if end < stretch.first:
        return None
    places: dict[int, int] = {}
    forms: list[Form] = []
    for place, form in enumerate(stretch.forms):
        known = _cut_form(stretch, place, form, end)
        if known is not None:
            places[place] = len(forms)
            forms.append(known)
    turns = [(step, places.get(place, -1)) for step, place in stretch.turns if step <= end]
    unseen = round(stretch.unseen * _share(stretch, -1, stretch.first, stretch.last, end))
    findings = tuple(each for each in stretch.findings if each[0] <= end)
    return replace(
        stretch, last=end, forms=tuple(forms), unseen=unseen, turns=tuple(turns), findings=findings
    )


def turns_of(
    parts: Sequence[Stretch], seen: Iterable[tuple[int, str]], numbers: Mapping[str, int]
) -> Turns:
    """Return which version ran from which step on; `numbers`: of each rolled signature."""
    turns: list[tuple[int, int]] = []
    is_exact = True
    for place, part in enumerate(parts):
        if place and part.first > parts[place - 1].last + 1:
            turns.append((parts[place - 1].last + 1, UNSEEN))
        turns += _turns(part, numbers)
        is_exact = is_exact and (bool(part.turns) or len(part.forms) < 2)
    turns += [(step, numbers.get(rolled, OTHER)) for step, rolled in seen]
    turns.sort(key=lambda turn: turn[0])
    kept = [turn for k, turn in enumerate(turns) if not k or turn[1] != turns[k - 1][1]]
    return Turns(tuple(s for s, _ in kept), tuple(v for _, v in kept), is_exact)


def thinned(turns: Turns, last: int, most: int) -> Turns:
    """Return about `most` turns that leave no version out of the place where it ran.

    Each of `most` equal pieces of the steps shows its versions one after another, as long as each
    ran in it.
    """
    if len(turns.steps) <= most:
        return turns
    first = turns.steps[0]
    width = -(-(last - first + 1) // max(most // 2, 1))
    found: list[tuple[int, int]] = []
    for piece, inside in _shares(turns, last, width).items():
        at = first + piece * width
        for version, length in inside.items():
            if not found or found[-1][1] != version:
                found.append((at, version))
            at += length
    return Turns(tuple(s for s, _ in found), tuple(v for _, v in found), turns.is_exact)


def _shares(turns: Turns, last: int, width: int) -> dict[int, dict[int, int]]:
    """Return how many steps each version ran, by pieces of `width` steps."""
    first = turns.steps[0]
    shares: dict[int, dict[int, int]] = {}
    ends = [*turns.steps[1:], last + 1]
    for start, end, version in zip(turns.steps, ends, turns.versions, strict=True):
        at = start
        while at < end:
            piece = (at - first) // width
            stop = min(end, first + (piece + 1) * width)
            inside = shares.setdefault(piece, {})
            inside[version] = inside.get(version, 0) + stop - at
            at = stop
    return shares


def up_to(parts: Sequence[Stretch], end: float) -> list[Stretch]:
    """Return what was known of ascending stretches at step `end`."""
    if not parts or parts[-1].last <= end:
        return list(parts)
    return [known for part in parts if (known := cut(part, int(end))) is not None]


def _by_time(timed: tuple[float, Stretch | Sighting]) -> tuple[float, bool]:
    return timed[0], isinstance(timed[1], Stretch)


def _before(parts: list[Stretch], step: int) -> list[Stretch]:
    return up_to(parts, step - 1) if parts and parts[-1].last >= step else parts


def _replaces(stretch: Stretch, wall: float, seen: Sighting) -> bool:
    is_earlier = seen[0] < wall and seen[1] >= stretch.first
    return is_earlier or stretch.first <= seen[1] <= stretch.last


def _turns(stretch: Stretch, numbers: Mapping[str, int]) -> list[tuple[int, int]]:
    names = [numbers.get(form.rolled, OTHER) for form in stretch.forms]
    if not stretch.turns:
        firsts = sorted((form.first, name) for form, name in zip(stretch.forms, names, strict=True))
        return firsts or [(stretch.first, UNSEEN)]
    turns = [(step, UNSEEN if place < 0 else names[place]) for step, place in stretch.turns]
    if len(turns) >= MOST_TURNS:  # what ran behind the last one was not noted
        turns.append((turns[-1][0] + 1, UNSEEN))
    return turns


def _cut_form(stretch: Stretch, place: int, form: Form, end: int) -> Form | None:
    if form.first > end:
        return None
    share = _share(stretch, place, form.first, form.last, end)
    last = form.last if form.last <= end else _last(stretch, place, end)
    return replace(form, count=max(round(form.count * share), 1), last=max(last, form.first))


def _share(stretch: Stretch, place: int, first: int, last: int, end: int) -> float:
    """Return which part of what ran at `place` ran up to `end`: by the turns, else evenly."""
    lengths = [
        (min(stop, end) - start + 1, stop - start + 1)
        for start, stop, at in _spans(stretch)
        if at == place
    ]
    total = sum(whole for _, whole in lengths)
    if total:
        return sum(max(part, 0) for part, _ in lengths) / total
    return min(max((end - first + 1) / (last - first + 1), 0.0), 1.0)


def _last(stretch: Stretch, place: int, end: int) -> int:
    ends = [min(stop, end) for start, stop, at in _spans(stretch) if at == place and start <= end]
    return max(ends, default=end)


def _spans(stretch: Stretch) -> Iterable[tuple[int, int, int]]:
    """Yield (first step, last step, place) between the turns of a stretch."""
    if not 0 < len(stretch.turns) < MOST_TURNS:
        return
    stops = [step - 1 for step, _ in stretch.turns[1:]] + [stretch.last]
    for (start, place), stop in zip(stretch.turns, stops, strict=True):
        yield start, stop, place
