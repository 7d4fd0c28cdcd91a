"""The windows of many series, read together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vizkit.index import Index
from vizkit.index.view import SeriesView
from vizkit.playback.gather import Part, Plan
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
    return {
        each.series: drawn(each.view, each.planned, max_points)
        for each in drafts(index, series, request)
    }


@dataclass(frozen=True)
class Draft:
    """A window before its points are read. planned: see `window.plans`."""

    series: Series
    view: SeriesView
    planned: list[tuple[int | None, Plan]]

    @property
    def parts(self) -> list[Part]:
        """Return what is to be read."""
        return [part for _, plan in self.planned for part in plan.parts]


def drafts(
    index: Index, series: Iterable[Series], request: Request, *, ghosts: bool = True
) -> Iterator[Draft]:
    """Give a draft of each series that is there; what it needs has just been read, with others."""
    count = None if ghosts else 1
    planned = (
        Draft(key, view, plans(view, request)[:count]) for key, view in index.many(series).items()
    )
    for some in _portions(planned):
        parts = [part for draft in some for part in draft.parts if part.fine or part.loose]
        if parts:
            parts[0].strand[0].source.load([part.wanted for part in parts])
        yield from some


def _portions(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    """Give drafts in lists of which what is to be read fits into the cache."""
    some: list[Draft] = []
    size = 0
    for draft in drafts:
        some.append(draft)
        size += sum(part.wanted.size for part in draft.parts)
        if size >= _BYTES_TOGETHER:
            yield some
            some, size = [], 0
    yield some
