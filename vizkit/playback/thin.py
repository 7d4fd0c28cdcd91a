"""Brings gathered points and entries down to a bucket's few, by the rules of downsample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vizkit.index.columns import Columns, Floats, Ints, joined
from vizkit.index.pyramid import Entries
from vizkit.playback.downsample import ODD_CAP, Positions, buckets, kept
from vizkit.playback.frame import Frame
from vizkit.playback.gather import Gathered, entry_points

_Part = tuple[Columns, Positions]
_SLOTS = ("first", "last", "low", "high")


def thinned(found: Gathered, frame: Frame, max_points: int) -> Columns:
    """Return the gathered points in the order of the axis, about `max_points` of them.

    Each entry goes into the bucket in which it begins, so bucket ends snap to entries' ends and
    what is lowest and highest stays exact.
    """
    if len(found.entries):
        return _of_entries(found, frame, max_points // 4)
    points, x = _in_order(found.points, frame)
    if len(points) <= max_points:
        return points
    home = buckets(x, float(x[0]), float(x[-1]), max_points // 4)
    return points.take(kept(home, points.value))


def _of_entries(found: Gathered, frame: Frame, count: int) -> Columns:
    low, high = frame.span(found.entries)
    x = frame.x_of(found.points)
    ends = (min(x.min(initial=low.min()), low.min()), max(x.max(initial=high.max()), high.max()))
    home, own = buckets(low, *ends, count), buckets(x, *ends, count)
    parts = [(found.points, own)]
    parts += [(points, home[source]) for points, source in _corners(found.entries)]
    parts += [(points, home[source]) for points, source in _odd_points(found, home, own, count)]
    points = joined([points for points, _ in parts])
    return _picked(points, np.concatenate([homes for _, homes in parts]), frame)


def _picked(points: Columns, home: Positions, frame: Frame) -> Columns:
    order = np.lexsort((frame.x_of(points), home))
    points, home = points.take(order), home[order]
    return _in_order(points.take(kept(home, points.value)), frame)[0]


def _in_order(points: Columns, frame: Frame) -> tuple[Columns, Ints | Floats]:
    x = frame.x_of(points)
    if np.all(x[1:] >= x[:-1]):
        return points, x
    order = np.argsort(x, kind="stable")
    return points.take(order), x[order]


def _corners(entries: Entries) -> list[_Part]:
    """Return each entry's first, last, lowest and highest point, no point twice."""
    parts: list[_Part] = []
    seen: list[NDArray[np.void]] = []
    for slot in _SLOTS:
        corner = _raw(entries[slot])
        fresh = np.ones(len(entries), bool)
        for other in seen:
            fresh &= corner != other
        if slot in ("low", "high"):
            fresh &= entries["odd_count"] < entries["count"]
        seen.append(corner)
        parts.append((_columns(entries[fresh], slot), np.flatnonzero(fresh)))
    return parts


def _odd_points(found: Gathered, home: Positions, own: Positions, count: int) -> list[_Part]:
    """Return the non-finite points of the entries: all where a bucket has few, else the first."""
    entries = found.entries
    totals = np.bincount(home, entries["odd_count"], count)
    totals += np.bincount(own[~np.isfinite(found.points.value)], minlength=count)
    many = (entries["odd_count"] > 1) & (totals[home] <= ODD_CAP)
    single = (entries["odd_count"] > 0) & ~many & ~_odd_is_corner(entries)
    parts = [(_columns(entries[single], "odd"), np.flatnonzero(single))]
    for entry in np.flatnonzero(many):
        points = _inner_odd(entry_points(found.strands[found.strand[entry]], entries[entry]))
        parts.append((points, np.full(len(points), entry)))
    return parts


def _odd_is_corner(entries: Entries) -> NDArray[np.bool_]:
    odd = _raw(entries["odd"])
    same: NDArray[np.bool_] = (odd == _raw(entries["first"])) | (odd == _raw(entries["last"]))
    return same


def _inner_odd(points: Columns) -> Columns:
    """Return the non-finite points but the first and last by step: those are corners."""
    odd = ~np.isfinite(points.value)
    odd[points.step.argmin()] = False
    odd[len(points) - 1 - points.step[::-1].argmax()] = False
    return points.take(odd)


def _columns(entries: Entries, slot: str) -> Columns:
    points = entries[slot]
    return Columns(points["step"], points["wall"], points["value"], entries["attempt"])


def _raw(points: NDArray[np.void]) -> NDArray[np.void]:
    """Return points as bytes, so that NaN equals NaN."""
    return np.ascontiguousarray(points).view(f"V{points.dtype.itemsize}")
