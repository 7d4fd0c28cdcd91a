"""Finds what a window shows: points where they are few or cut, entries where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vizkit.index.columns import Columns, joined
from vizkit.index.pyramid import CHUNK, ENTRY, FINE, Entries
from vizkit.index.view import LaneView, SeriesView
from vizkit.playback.frame import Frame, Mask, Span

Strand = tuple[LaneView, int]
_ENTRIES_PER_BUCKET = 2


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


def gather(view: SeriesView, frame: Frame, steps: Mapping[int, Span], buckets: int) -> Gathered:
    """Find the points of a frame whose attempt is to be shown at their step.

    steps: the half-open span of steps of each attempt to be shown. buckets: how many the points
    will be brought down to; decides whether points or entries are read.
    """
    strands = tuple(view.lanes)
    inside = [_whole(lane.directory[:, position], frame, steps) for lane, position in strands]
    many = sum(int(entries["count"].sum()) for entries, _ in inside)
    parts: list[Columns] = []
    found: list[Entries] = []
    for (lane, position), (whole, cut) in zip(strands, inside, strict=True):
        entries, chunks = _resolved(lane, whole, many, buckets)
        found.append(entries)
        loose = sorted([*cut["chunk"].tolist(), *chunks])
        parts += [_shown(points, frame, steps) for points in lane.points(loose, position)]
        parts.append(_shown(lane.open.column(position), frame, steps))
    lengths = [len(entries) for entries in found]
    return Gathered(
        points=joined(parts),
        entries=np.concatenate(found) if found else np.empty(0, ENTRY),
        strand=np.repeat(np.arange(len(strands)), lengths),
        strands=strands,
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
    start, stop = _spans_of(directory["attempt"], steps)
    first, last = directory["first"]["step"], directory["last"]["step"]
    touched &= (last >= start) & (first < stop)
    whole &= (first >= start) & (last < stop)
    return directory[touched & whole], directory[touched & ~whole]


def _resolved(lane: LaneView, whole: Entries, many: int, buckets: int) -> tuple[Entries, list[int]]:
    """Return the entries that stand for whole chunks, and the chunks to be read instead."""
    enough = _ENTRIES_PER_BUCKET * buckets
    if many >= enough * CHUNK:
        return whole, []
    chunks = whole["chunk"].tolist()
    if lane.width == 1 and many >= enough * FINE:
        return lane.fine(chunks), []
    return whole[:0], chunks


def _shown(points: Columns, frame: Frame, steps: Mapping[int, Span]) -> Columns:
    x = frame.x_of(points)
    start, stop = _spans_of(points.attempt, steps)
    shown = (x >= frame.low) & (x <= frame.high) & (points.step >= start) & (points.step < stop)
    return points if shown.all() else points.take(shown)


def _spans_of(
    attempt: np.ndarray[tuple[int], np.dtype[np.int32]], steps: Mapping[int, Span]
) -> tuple[Mask, Mask]:
    """Return the span of steps for each attempt of an array; an empty one where it is not shown."""
    start, stop = np.full(len(attempt), np.inf), np.full(len(attempt), -np.inf)
    for number, (low, high) in steps.items():
        own = attempt == number
        start[own], stop[own] = low, high
    return start, stop
