"""The windows of many series, read together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vizkit.index import Index
from vizkit.index.view import SeriesView
from vizkit.playback.gather import Plan
from vizkit.playback.window import Request, Window, drawn, plans

_BYTES_TOGETHER = 32 << 20
Series = tuple[str, str]


def windows(
    index: Index,
    series: Iterable[Series],
    *,
    x_min: float | None = None,
    x_max: float | None = None,
    until: float | None = None,
    max_points: int = 2000,
    axis: str = "step",
) -> dict[Series, Window]:
    """Return the window of each series (run, tag), in the order asked for; see `window`.

    Series that are not there are left out. What all of them need is read with one query, or with
    a few where it is much.

    Raises:
        UsageError: for an unknown axis, or max_points below 4.
    """
    request = Request(x_min, x_max, until, max_points, axis)
    return dict(each_window(index, series, request))


def each_window(
    index: Index, series: Iterable[Series], request: Request
) -> Iterator[tuple[Series, Window]]:
    """Give the window of each series."""
    drafts = (_Draft(key, view, plans(view, request)) for key, view in index.many(series).items())
    for some in _portions(drafts):
        load(plan for each in some for plan in each.plans)
        for each in some:
            yield each.series, drawn(each.view, each.planned, request.max_points)


@dataclass(frozen=True)
class _Draft:
    """A window before its points were read."""

    series: Series
    view: SeriesView
    planned: list[tuple[int | None, Plan]]

    @property
    def plans(self) -> list[Plan]:
        return [plan for _, plan in self.planned]


def load(plans: Iterable[Plan]) -> None:
    """Read what plans need of one index, with one query."""
    parts = [part for plan in plans for part in plan.parts if part.fine or part.loose]
    if parts:
        parts[0].strand[0].source.load([part.wanted for part in parts])


def _portions(drafts: Iterable[_Draft]) -> Iterator[list[_Draft]]:
    """Give drafts in lists of which what is to be read fits into the cache."""
    some: list[_Draft] = []
    size = 0
    for draft in drafts:
        some.append(draft)
        size += sum(part.wanted.size for plan in draft.plans for part in plan.parts)
        if size >= _BYTES_TOGETHER:
            yield some
            some, size = [], 0
    yield some
