"""What is new for a tab's subscriptions: read from the index, in portions of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from vizkit.errors import RunNotFoundError, TagNotFoundError
from vizkit.index import Index
from vizkit.index.columns import Columns

from .wire import Block

MAX_BEHIND = 20_000  # points; further behind, fetching a window anew is cheaper than catching up
MAX_FRAME = 60_000  # points in one frame, about 1.4 MB

Key = tuple[str, str]


@dataclass(eq=False)
class Subscription:
    """One series that a tab shows; `position` is the ordinal of the next point to send."""

    id: int
    run: str
    tag: str
    position: int


@dataclass
class Harvest:
    """What one look into the index found for a tab."""

    blocks: list[tuple[Subscription, Block]] = field(default_factory=list)
    resets: list[Subscription] = field(default_factory=list)
    later: list[Subscription] = field(default_factory=list)


def keys_of(run: str, tag: str) -> Iterable[Key]:
    """Yield the (run, tag) pairs whose change concerns a series: itself, and vectors it is in."""
    yield run, tag
    parts = tag.split("/")
    for end in range(1, len(parts)):
        yield run, "/".join(parts[:end]) + "/*"


def harvest(index: Index, subscriptions: Iterable[Subscription]) -> Harvest:
    """Read what is new for each subscription, about MAX_FRAME points in all; reads the database."""
    found = Harvest()
    room = MAX_FRAME
    for subscription in subscriptions:
        if room <= 0:
            found.later.append(subscription)
        else:
            room -= _look(index, subscription, found)
    return found


def _look(index: Index, subscription: Subscription, found: Harvest) -> int:
    """Read one series from the point before its position, so that a new attempt shows."""
    start = max(subscription.position - 1, 0)
    stop = subscription.position + MAX_BEHIND + 1
    try:
        columns = index.read(subscription.run, subscription.tag, start, stop)
    except (RunNotFoundError, TagNotFoundError):
        return 0
    new = len(columns.step) - (subscription.position - start)
    if new < 0 or new > MAX_BEHIND or np.any(columns.attempt != columns.attempt[:1]):
        found.resets.append(subscription)
        return 0
    if new > 0:
        found.blocks.append((subscription, _block(subscription, columns, new)))
    return new


def _block(subscription: Subscription, columns: Columns, new: int) -> Block:
    return Block(
        subscription.id,
        subscription.position,
        columns.step[-new:],
        columns.wall_time[-new:],
        columns.value[-new:],
    )
