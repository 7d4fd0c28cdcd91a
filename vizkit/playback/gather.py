"""Finds what a window shows: points where they are few or cut, entries where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vizkit.index.columns import Columns, Floats, Ints, joined
from vizkit.index.pyramid import CHUNK, ENTRY, FINE, Entries
from vizkit.index.spans import Wanted
from vizkit.index.view import LaneView, SeriesView
from vizkit.playback.frame import HIGHEST, LOWEST, Frame, Span

Strand = tuple[LaneView, int]
_ENTRIES_PER_BUCKET = 1
_BUCKETS_WIDE = 4


@dataclass(frozen=True)
class Gathered:
    """points: those read one by one. entries: stretches wholly inside; strand: whose they are."""

    points: Columns
    entries: Entries
    strand: np.ndarray[tuple[int], np.dtype[np.intp]]
    strands: tuple[Strand, ...]

    @property
    def count(self) -> int:
        """Return how many points are inside."""
        return len(self.points) + int(self.entries["count"].sum())

    @property
    def odd_count(self) -> int:
        """Return how many of them are not finite."""
        odd = int(np.count_nonzero(~np.isfinite(self.points.value)))
        return odd + int(self.entries["odd_count"].sum())


@dataclass(frozen=True)
class Part:
    """What is to be read of a strand: chunks whole, or by their fine entries, but for `entries`.

    loose, fine: ascending numbers of chunks. entries: those that stand for whole chunks.
    """

    strand: Strand
    entries: Entries
    fine: list[int]
    loose: list[int]

    @property
    def wanted(self) -> Wanted:
        """Return what lies in the database of it."""
        lane, position = self.strand
        points = [no for no in self.loose if no not in lane.waiting]
        return Wanted(
            lane.number, position, points, [n for n in self.fine if n not in lane.waiting]
        )


@dataclass(frozen=True)
class Plan:
    """How a view is read: its frame, the span of steps shown of each attempt, and the chunks.

    widest: how much of the axis an entry may cover; of those that cover more, such as those
    around a gap, the points are read.
    """

    frame: Frame
    steps: Mapping[int, Span]
    parts: tuple[Part, ...]
    widest: float


def plan(view: SeriesView, frame: Frame, steps: Mapping[int, Span], buckets: int) -> Plan:
    """Decide how to find the points of a frame whose attempt is to be shown at their step.

    steps: the half-open span of steps of each attempt to be shown. buckets: how many the points
    will be brought down to; decides whether points or entries are read.
    """
    inside = [_whole(lane.directory[:, position], frame, steps) for lane, position in view.lanes]
    many = sum(int(entries["count"].sum()) for entries, _ in inside)
    enough = _ENTRIES_PER_BUCKET * buckets
    sizes = (many >= enough * CHUNK, many >= enough * FINE)
    parts = [_part(strand, *each, *sizes) for strand, each in zip(view.lanes, inside, strict=True)]
    ends = [end for whole, _ in inside if len(whole) for end in _ends(whole, frame)]
    widest = _BUCKETS_WIDE * (max(ends, default=0.0) - min(ends, default=0.0)) / buckets
    return Plan(frame, steps, tuple(parts), widest)


def gather(plan: Plan) -> Gathered:
    """Read what a plan says."""
    points: list[Columns] = []
    found: list[Entries] = []
    for part in plan.parts:
        lane, position = part.strand
        entries = lane.fine(part.fine) if part.fine else part.entries
        wide = _width(entries, plan.frame) > plan.widest
        found.append(entries[~wide])
        points += [entry_points(part.strand, entry) for entry in entries[wide]]
        chunks = [*lane.points(part.loose, position), lane.open.column(position)]
        points += [_shown(each, plan.frame, plan.steps) for each in chunks]
    return Gathered(
        points=joined(points),
        entries=np.concatenate(found) if found else np.empty(0, ENTRY),
        strand=np.repeat(np.arange(len(found)), [len(entries) for entries in found]),
        strands=tuple(part.strand for part in plan.parts),
    )


def entry_points(strand: Strand, entry: np.void) -> Columns:
    """Return the points of one entry."""
    lane, position = strand
    start = int(entry["row"])
    (points,) = lane.points([int(entry["chunk"])], position)
    return points.take(slice(start, start + int(entry["count"])))


def _whole(directory: Entries, frame: Frame, steps: Mapping[int, Span]) -> tuple[Entries, Entries]:
    """Return the chunks wholly to be shown, and those of which only a part may be."""
    low, high = frame.span(directory)
    touched = (high >= frame.low) & (low <= frame.high)
    whole = (low >= frame.low) & (high <= frame.high) & frame.trusts(directory)
    first, last = _spans_of(directory["attempt"], steps)
    lowest, highest = directory["first"]["step"], directory["last"]["step"]
    touched &= (highest >= first) & (lowest <= last)
    whole &= (lowest >= first) & (highest <= last)
    return directory[touched & whole], directory[touched & ~whole]


def _part(strand: Strand, whole: Entries, cut: Entries, chunks_do: bool, fine_do: bool) -> Part:
    """Decide whether whole chunks are read by their entry, by fine ones or by their points."""
    loose, numbers = cut["chunk"].tolist(), whole["chunk"].tolist()
    if chunks_do:
        return Part(strand, whole, [], loose)
    if fine_do and strand[0].width == 1:
        return Part(strand, whole[:0], numbers, loose)
    return Part(strand, whole[:0], [], sorted([*loose, *numbers]))


def _ends(entries: Entries, frame: Frame) -> tuple[float, float]:
    low, high = frame.span(entries)
    return float(low.min()), float(high.max())


def _width(entries: Entries, frame: Frame) -> Floats:
    low, high = frame.span(entries)
    return high.astype(np.float64) - low.astype(np.float64)


def _shown(points: Columns, frame: Frame, steps: Mapping[int, Span]) -> Columns:
    x = frame.x_of(points)
    first, last = _spans_of(points.attempt, steps)
    shown = (x >= frame.low) & (x <= frame.high) & (points.step >= first) & (points.step <= last)
    return points if shown.all() else points.take(shown)


def _spans_of(
    attempt: np.ndarray[tuple[int], np.dtype[np.int32]], steps: Mapping[int, Span]
) -> tuple[Ints, Ints]:
    """Return the first and last step that is shown of each attempt of an array.

    Whole numbers, since floats are too coarse beyond 2**53; the first is behind the last where
    nothing is shown.
    """
    first, last = np.full(len(attempt), HIGHEST), np.full(len(attempt), LOWEST)
    for number, (start, stop) in steps.items():
        if start <= HIGHEST and stop > LOWEST:
            own = attempt == number
            first[own] = max(start, LOWEST)
            last[own] = min(stop - 1, HIGHEST)
    return first, last
