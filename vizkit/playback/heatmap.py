"""Many series as one picture: the highest value of each in each stretch of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import UsageError
from vizkit.index import Index
from vizkit.index.blocks import Blocks, any_true, blocks_of, highest
from vizkit.index.columns import Ints
from vizkit.index.lane import LaneKey
from vizkit.index.view import LaneView
from vizkit.playback.frame import Span, drawn_by_tag
from vizkit.playback.grid import Grid, grid_of

Lanes = Sequence[tuple[LaneKey, LaneView]]


@dataclass(frozen=True)
class Heatmap:
    """Cells of series by stretches of steps.

    names: what follows the prefix in each row's tag, in layout order. step: shape (c,), int64,
    where each column begins; first_step, last_step: ends of what is shown, None without points.
    value: shape (rows, c), float32, the highest finite value; NaN where there is none.
    nonfinite: shape (rows, c); whether the cell holds NaN or an infinity.
    """

    names: tuple[str, ...]
    step: Ints
    value: NDArray[np.float32]
    nonfinite: NDArray[np.bool_]
    first_step: int | None
    last_step: int | None


def heatmap(
    index: Index,
    run: str,
    prefix: str,
    *,
    columns: int = 600,
    x_min: float | None = None,
    x_max: float | None = None,
    until: float | None = None,
) -> Heatmap:
    """Return the series `PREFIX/...` of a run over steps, drawn attempts only.

    x_min, x_max (included), until: steps. Columns are as many as there are steps at most. Where
    a column is wider than 32 steps, values of vector series may fall up to half a column early.

    Raises:
        RunNotFoundError: if there is no such run.
        UsageError: for columns below 1.
    """
    if columns < 1:
        raise UsageError(f"columns is {columns!r}; it must be 1 or more.")
    stem = prefix.rstrip("/") + "/"
    lanes = index.lanes(run, stem)
    names = tuple(dict.fromkeys(tag for key, _ in reversed(lanes) for tag in key.series))
    grid = grid_of(lanes, columns, x_min, x_max, until)
    if grid is None:
        return _nothing(names, stem)
    canvas = _Canvas(names, grid)
    spans = drawn_by_tag(lanes)
    for key, lane in lanes:
        for blocks in _blocks(lane, grid, spans[key.tag]):
            canvas.paint(key, blocks)
    return canvas.picture(stem)


class _Canvas:
    """The cells, a line of memory for each column of the picture."""

    def __init__(self, names: Sequence[str], grid: Grid) -> None:
        self._names = tuple(names)
        self._rows = {name: row for row, name in enumerate(names)}
        self._grid = grid
        self._top = np.full((grid.columns, len(names)), -np.inf, np.float32)
        self._odd = np.zeros((grid.columns, len(names)), bool)

    def paint(self, key: LaneKey, blocks: Blocks) -> None:
        """Raise the cells to what a lane's blocks hold."""
        column, blocks = _ascending(self._grid.column_of(blocks.step), blocks)
        starts = np.flatnonzero(np.diff(column, prepend=-1))
        rows = np.array([self._rows[tag] for tag in key.series])
        cells = np.ix_(column[starts], rows)
        self._top[cells] = np.maximum(self._top[cells], highest(blocks.top, starts))
        self._odd[cells] |= any_true(blocks.odd, starts)

    def picture(self, stem: str) -> Heatmap:
        """Return the cells as a heatmap."""
        value = np.where(self._top == -np.inf, np.float32(np.nan), self._top)
        return Heatmap(
            names=_short(self._names, stem),
            step=self._grid.starts,
            value=np.ascontiguousarray(value.T),
            nonfinite=np.ascontiguousarray(self._odd.T),
            first_step=self._grid.first,
            last_step=self._grid.last,
        )


def _blocks(lane: LaneView, grid: Grid, spans: Mapping[int, Span]) -> Iterator[Blocks]:
    """Give the lane's blocks inside the grid, as coarse as its columns allow."""
    for entry in lane.directory[:, 0]:
        low, high = grid.within(spans.get(int(entry["attempt"])))
        first, last = int(entry["first"]["step"]), int(entry["last"]["step"])
        if first <= high and last >= low:
            no = int(entry["chunk"])
            whole = low <= first and last <= high
            yield from _shown(lane.blocks(no, grid.block_size(entry) if whole else 1), low, high)
    if len(lane.open):
        low, high = grid.within(spans.get(lane.open.attempt))
        yield from _shown(blocks_of(lane.open, 1), low, high)


def _shown(blocks: Blocks, low: float, high: float) -> Iterator[Blocks]:
    inside = (blocks.step >= low) & (blocks.step <= high)
    if inside.all():
        yield blocks
    elif inside.any():
        yield _take(blocks, inside)


def _take(blocks: Blocks, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Blocks:
    return replace(
        blocks,
        step=blocks.step[chosen],
        top=blocks.top[chosen],
        odd=blocks.odd[chosen],
    )


def _ascending(column: NDArray[np.intp], blocks: Blocks) -> tuple[NDArray[np.intp], Blocks]:
    if np.all(column[1:] >= column[:-1]):
        return column, blocks
    order = np.argsort(column, kind="stable")
    return column[order], _take(blocks, order)


def _short(names: Sequence[str], stem: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(stem) for name in names)


def _nothing(names: Sequence[str], stem: str) -> Heatmap:
    cells = np.empty((len(names), 0), np.float32)
    return Heatmap(
        _short(names, stem), np.empty(0, np.int64), cells, cells.astype(bool), None, None
    )
