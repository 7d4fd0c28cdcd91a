"""Reads chunks, entries and blocks that were written; decoded ones are kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from vizkit.errors import IndexBrokenError
from vizkit.index import codec
from vizkit.index.blobs import Blobs
from vizkit.index.blocks import Blocks, blocks_of
from vizkit.index.cache import Cache
from vizkit.index.columns import Chunk, Columns, Floats, Matrix, Peek
from vizkit.index.database import Database
from vizkit.index.pyramid import ENTRY, Entries
from vizkit.index.schema import AXES, BLOCKS, CHUNK_ENTRIES, FINE_ENTRIES, POINTS
from vizkit.index.spans import Span, Wanted, of_spans, portions, stretches

_CACHED = 64 << 20
Found = TypeVar("Found")
_TOGETHER = 64
_LANES_TOGETHER = 500


class Store(Blobs):
    """What `LaneView` reads sealed chunks from. Safe to use from any thread."""

    def __init__(self, database: Database, on_damage: Callable[[str], IndexBrokenError]) -> None:
        super().__init__(database, on_damage)
        self._points: Cache[Columns] = Cache(_CACHED)
        self._others: Cache[Any] = Cache(_CACHED)

    def empty(self) -> None:
        """Keep nothing of what was read; for when the tables were made anew."""
        self.forgotten = set()
        self._points, self._others = Cache(_CACHED), Cache(_CACHED)

    def points(self, lane: int, chunks: Sequence[int], position: int) -> list[Columns]:
        """Return one column of sealed chunks."""
        found = {no: self._points.get((lane, no, position)) for no in chunks}
        missing = [no for no, points in found.items() if points is None]
        for start in range(0, len(missing), _TOGETHER):
            found |= self._read_points(lane, missing[start : start + _TOGETHER], position)
        return [points for points in found.values() if points is not None]

    def fine(self, lane: int, chunks: Sequence[int]) -> Entries:
        """Return the entries of FINE points of chunks of a one-column lane."""
        found: dict[int, Any] = {n: self._others.get((lane, FINE_ENTRIES, n)) for n in chunks}
        missing = [no for no, data in found.items() if data is None]
        for no, _, data in self._blobs(FINE_ENTRIES, lane, missing):
            found[no] = data
            self._others.put((lane, FINE_ENTRIES, no), data, len(data))
        # Joined as bytes: NumPy takes 20 us an array to concatenate structured ones.
        return np.frombuffer(b"".join(found.values()), ENTRY)

    def load(self, wanted: Sequence[Wanted]) -> None:
        """Read columns of chunks of many lanes with one query, for `points` and `fine` to find."""
        spans = [span for each in wanted for span in self._missing(each)]
        for some in portions(spans):
            axes: dict[tuple[int, int], memoryview] = {}
            for level, lane, no, part, blob in self._fetch(of_spans(some), some[0].lane):
                data = self._open(level, lane, no, part, blob)
                if level == FINE_ENTRIES:
                    self._others.put((lane, FINE_ENTRIES, no), data, len(data))
                elif part == AXES:
                    axes[lane, no] = data
                elif (lane, no) in axes:
                    self._keep_points(lane, no, part, axes[lane, no], data)

    def directory(self, lane: int, chunks: int, width: int) -> Entries:
        """Return the entries of all sealed chunks of a lane; shape (chunks, width)."""
        parts = [data for _, _, data in self._blobs(CHUNK_ENTRIES, lane, range(chunks))]
        return np.frombuffer(b"".join(parts), ENTRY).reshape(chunks, width)

    def peek(self, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Peek]:
        """Return the steps of sealed chunks, by (lane, chunk), and a way to their rows."""
        kept = {place: self._others.get((*place, "peek")) for place in places}
        found: dict[tuple[int, int], Peek] = {at: peek for at, peek in kept.items() if peek}
        lanes_of: dict[int, list[int]] = {}
        for lane, no in kept.keys() - found.keys():
            lanes_of.setdefault(no, []).append(lane)
        for no, lanes in lanes_of.items():
            for lane, blobs in self._by_lane(POINTS, lanes, no):
                found[lane, no] = self._peeked(lane, blobs)
                self._others.put((lane, no, "peek"), found[lane, no], sum(map(len, blobs)))
        return found

    def chunk(self, lane: int, no: int) -> Chunk:
        """Return all columns of a sealed chunk; not kept."""
        return self._assembled(lane, [data for _, _, data in self._blobs(POINTS, lane, [no])])

    def open_chunk(self, lane: int, no: int) -> Chunk:
        """Return the open chunk of a lane as it was parked, or as it was sealed since."""
        return self.open_chunks({lane: no})[lane]

    def open_chunks(self, places: Mapping[int, int]) -> dict[int, Chunk]:
        """Return the parked open chunks of many lanes (chunk by lane), with few queries."""
        found = {lane: self._assembled(lane, blobs) for lane, blobs in self._open_blobs(places)}
        sealed_since = {lane: no for lane, no in places.items() if lane not in found}
        return found | {lane: self.chunk(lane, no) for lane, no in sealed_since.items()}

    def parked(self, places: Mapping[int, tuple[int, int]]) -> dict[int, Chunk]:
        """Return the first rows of parked open chunks: (chunk, how many) by lane; kept a while."""
        kept = {lane: self._others.get((lane, *place, "open")) for lane, place in places.items()}
        found: dict[int, Chunk] = {lane: each for lane, each in kept.items() if each is not None}
        missing = {lane: no for lane, (no, _) in places.items() if lane not in found}
        for lane, whole in self.open_chunks(missing).items():
            no, rows = places[lane]
            if len(whole) < rows:
                raise self._damage(lane, f"the open chunk of series {lane} has lost rows")
            found[lane] = whole.rows(0, rows)
            size = 16 * len(whole) + whole.value.nbytes
            self._others.put((lane, no, rows, "open"), found[lane], size)
        return found

    def parked_steps(self, places: Mapping[int, int]) -> dict[int, Peek]:
        """Return the steps of parked open chunks (chunk by lane), and nothing else of them."""
        found = {}
        for lane, blobs in self._open_blobs(places, (AXES,)):
            steps, attempt, _ = self._axes_in(lane, blobs, codec.decode_steps)
            found[lane] = Peek(steps, attempt, None)
        sealed_since = {lane: no for lane, no in places.items() if lane not in found}
        return found | {lane: self.chunk(lane, no).peek() for lane, no in sealed_since.items()}

    def parked_peeks(self, places: Mapping[int, int]) -> dict[int, Peek]:
        """Return the steps of parked open chunks (chunk by lane), and a way to their rows."""
        found = {lane: self._peeked(lane, blobs) for lane, blobs in self._open_blobs(places)}
        sealed_since = {lane: no for lane, no in places.items() if lane not in found}
        return found | {lane: self.chunk(lane, no).peek() for lane, no in sealed_since.items()}

    def blocks(self, lane: int, no: int, size: int) -> Blocks:
        """Return the blocks of `size` rows of a sealed chunk."""
        known: Blocks | None = self._others.get((lane, size, no, "blocks"))
        if known is None:
            known = self._read_blocks(lane, no, size)
            self._others.put((lane, size, no, "blocks"), known, known.top.nbytes)
        return known

    def _read_points(
        self, lane: int, chunks: Sequence[int], position: int
    ) -> dict[int, Columns | None]:
        found: dict[int, Columns | None] = {}
        rows = self._blobs(POINTS, lane, chunks, (AXES, position))
        for (no, _, shared), (_, _, data) in zip(rows[::2], rows[1::2], strict=True):
            found[no] = self._keep_points(lane, no, position, shared, data)
        return found

    def _missing(self, wanted: Wanted) -> Iterator[Span]:
        """Give the stretches of consecutive chunks that are not kept."""
        lane, part = wanted.lane, wanted.position
        points = [no for no in wanted.points if self._points.get((lane, no, part)) is None]
        fine = [no for no in wanted.fine if self._others.get((lane, FINE_ENTRIES, no)) is None]
        yield from stretches(POINTS, lane, part, points)
        yield from stretches(FINE_ENTRIES, lane, 0, fine)

    def _keep_points(
        self, lane: int, no: int, position: int, shared: memoryview, data: memoryview
    ) -> Columns:
        axes = self._axes_in(lane, [shared], codec.decode_axes)
        value = codec.decode_values(data, len(axes.step))[:, None]
        points = Chunk(axes.step, axes.wall_time, value, axes.attempt).column(0)
        self._points.put((lane, no, position), points, 28 * len(points))
        return points

    def _peeked(self, lane: int, blobs: Sequence[memoryview]) -> Peek:
        steps, attempt, width = self._axes_in(lane, blobs, codec.decode_steps)
        self._check_width(lane, blobs, width)

        def row(number: int) -> Floats:
            values = [codec.decode_value(data, number) for data in blobs[1:]]
            return np.array(values, np.float64)

        return Peek(steps, attempt, row)

    def _assembled(self, lane: int, blobs: Sequence[memoryview]) -> Chunk:
        axes = self._axes_in(lane, blobs, codec.decode_axes)
        self._check_width(lane, blobs, axes.width)
        values = [codec.decode_values(data, len(axes.step)) for data in blobs[1:]]
        return Chunk(axes.step, axes.wall_time, _side_by_side(values), axes.attempt)

    def _read_blocks(self, lane: int, no: int, size: int) -> Blocks:
        """Return stored blocks; a lane of one column has none, nor has any those of size 1."""
        stored = self._select(BLOCKS[size], lane, [no], None) if size in BLOCKS else []
        for _, part, blob in stored:
            return codec.decode_blocks(self._open(BLOCKS[size], lane, no, part, blob))
        return blocks_of(self.chunk(lane, no), size)


def _side_by_side(values: Sequence[Matrix]) -> Matrix:
    exact = any(column.dtype == np.float64 for column in values)
    return np.stack(values, axis=1).astype(np.float64 if exact else np.float32, copy=False)
