"""What is new for a tab's subscriptions: read from the index, in portions of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from vizkit.errors import RunNotFoundError, TagNotFoundError
from vizkit.index import Index
from vizkit.index.columns import Columns

from .wire import Block, pack_points

MAX_BEHIND = 10_000  # points; further behind, fetching a window anew is cheaper than catching up
MAX_FRAME = 30_000  # points in one frame, about 0.7 MB
SHARED_BYTES = 4 << 20

Key = tuple[str, str]
Point = tuple[float, float]


@dataclass(eq=False)
class Subscription:
    """One series that a tab shows.

    Attributes:
        position: the ordinal of the next point to send.
        last: step and wall time of the point before it, once that is known: where the series has
            another one there, it is not the series that the tab has seen.
    """

    id: int
    run: str
    tag: str
    position: int
    last: Point | None = None


@dataclass(frozen=True)
class Stretch:
    """What a series has from an ordinal on.

    Attributes:
        before: the point before it, None at the beginning of a series.
        last: the last point of all.
        broken: whether it cannot be drawn on: too long, of a new attempt, or no longer there.
    """

    count: int
    columns: bytes
    before: Point | None
    last: Point | None
    broken: bool


@dataclass
class Harvest:
    """What one look into the index found for a tab."""

    blocks: list[tuple[Subscription, Block]] = field(default_factory=list)
    resets: list[Subscription] = field(default_factory=list)
    later: list[Subscription] = field(default_factory=list)
    lasts: dict[Subscription, Point] = field(default_factory=dict)


class Shared:
    """Stretches that were read since something changed last: tabs that show the same read once."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._kept: dict[tuple[str, str, int], Stretch | None] = {}
        self._room = SHARED_BYTES

    @property
    def bytes(self) -> int:
        """Return how much is kept."""
        return sum(len(each.columns) for each in self._kept.values() if each is not None)

    def renew(self) -> None:
        """Forget all of them, because something changed."""
        self._kept, self._room = {}, SHARED_BYTES

    def look(self, run: str, tag: str, position: int) -> Stretch | None:
        """Return what a series has from an ordinal on, None if there is no such series."""
        # Held on to while reading: what is read now must not be found after `renew`.
        kept, key = self._kept, (run, tag, position)
        if key not in kept:
            stretch = _read(self._index, run, tag, position)
            self._room -= len(stretch.columns) if stretch else 0
            if self._room < 0:
                return stretch
            kept[key] = stretch
        return kept[key]


def keys_of(run: str, tag: str) -> Iterable[Key]:
    """Yield the (run, tag) pairs whose change concerns a series: itself, and vectors it is in."""
    yield run, tag
    parts = tag.split("/")
    for end in range(1, len(parts)):
        yield run, "/".join(parts[:end]) + "/*"


def harvest(shared: Shared, subscriptions: Iterable[Subscription]) -> Harvest:
    """Read what is new for each subscription, about MAX_FRAME points in all; reads the database."""
    found = Harvest()
    room = MAX_FRAME
    for subscription in subscriptions:
        if room <= 0:
            found.later.append(subscription)
        else:
            room -= _look(shared, subscription, found)
    return found


def _look(shared: Shared, subscription: Subscription, found: Harvest) -> int:
    stretch = shared.look(subscription.run, subscription.tag, subscription.position)
    if stretch is None:
        return 0
    if stretch.broken or subscription.last not in (None, stretch.before):
        found.resets.append(subscription)
        return 0
    if stretch.last is not None:
        found.lasts[subscription] = stretch.last
    if stretch.count:
        block = Block(subscription.id, subscription.position, stretch.count, stretch.columns)
        found.blocks.append((subscription, block))
    return stretch.count


def _read(index: Index, run: str, tag: str, position: int) -> Stretch | None:
    """Read one series from the point before the position, so that a new attempt shows."""
    start = max(position - 1, 0)
    try:
        columns = index.read(run, tag, start, position + MAX_BEHIND + 1)
    except (RunNotFoundError, TagNotFoundError):
        return None
    new = len(columns.step) - (position - start)
    broken = not 0 <= new <= MAX_BEHIND or bool(np.any(columns.attempt != columns.attempt[:1]))
    before = _point(columns, 0) if start < position and len(columns.step) else None
    last = _point(columns, -1) if len(columns.step) else None
    if broken or not new:
        return Stretch(0, b"", before, last, broken)
    packed = pack_points(columns.step[-new:], columns.wall_time[-new:], columns.value[-new:])
    return Stretch(new, packed, before, last, broken)


def _point(columns: Columns, place: int) -> Point:
    wall = float(columns.wall_time[place])
    return float(columns.step[place]), wall if wall == wall else 0.0  # NaN is never equal
