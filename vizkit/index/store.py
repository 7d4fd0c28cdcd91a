"""Reads chunks, entries and blocks that were written; decoded ones are kept for a while."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, RunNotFoundError
from vizkit.index import codec
from vizkit.index.blocks import Blocks, blocks_of
from vizkit.index.cache import Cache
from vizkit.index.columns import Chunk, Columns, Floats, Matrix, Peek
from vizkit.index.database import Database
from vizkit.index.pyramid import ENTRY, Entries
from vizkit.index.schema import AXES, BLOCKS, CHUNK_ENTRIES, FINE_ENTRIES, OPEN, POINTS, chunk
from vizkit.index.spans import Span, Wanted, of_spans, one_of, portions, stretches

_CACHED = 64 << 20
Found = TypeVar("Found")
_TOGETHER = 64
_LANES_TOGETHER = 500


class Store:
    """What `LaneView` reads sealed chunks from. Safe to use from any thread."""

    def __init__(self, database: Database, on_damage: Callable[[str], IndexBrokenError]) -> None:
        self.forgotten: set[int] = set()
        self._database = database
        self._on_damage = on_damage
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
        found = {
            lane: self._assembled(lane, blobs)
            for lane, no, blobs in self._open_blobs(list(places))
            if no == places[lane]
        }
        sealed_since = {lane: no for lane, no in places.items() if lane not in found}
        return found | {lane: self.chunk(lane, no) for lane, no in sealed_since.items()}

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

    def _by_lane(
        self, level: int, lanes: Sequence[int], no: int
    ) -> Iterator[tuple[int, list[memoryview]]]:
        """Give the blobs of one chunk of each of many lanes, that of the axes first."""
        for start in range(0, len(lanes), _LANES_TOGETHER):
            some = lanes[start : start + _LANES_TOGETHER]
            query = (
                sa.select(chunk.c.series, chunk.c.part, chunk.c.data)
                .where(chunk.c.level == level, chunk.c.series.in_(some), chunk.c.no == no)
                .order_by(chunk.c.series, chunk.c.part)
            )
            seen = 0
            for lane, rows in groupby(self._fetch(query, some[0]), key=itemgetter(0)):
                seen += 1
                yield lane, [self._open(level, lane, no, part, blob) for _, part, blob in rows]
            if seen != len(some):
                raise self._damage(some[0], f"chunk {no} of some series is gone")

    def _open_blobs(self, lanes: Sequence[int]) -> Iterator[tuple[int, int, list[memoryview]]]:
        """Give (lane, chunk, blobs) of the open chunks that are there."""
        for start in range(0, len(lanes), _LANES_TOGETHER):
            some = lanes[start : start + _LANES_TOGETHER]
            query = (
                sa.select(chunk.c.series, chunk.c.no, chunk.c.part, chunk.c.data)
                .where(chunk.c.level == OPEN, chunk.c.series.in_(some))
                .order_by(chunk.c.series, chunk.c.no, chunk.c.part)
            )
            for (lane, no), rows in groupby(self._fetch(query, some[0]), key=itemgetter(0, 1)):
                yield lane, no, [self._open(OPEN, lane, no, p, blob) for _, _, p, blob in rows]

    def _peeked(self, lane: int, blobs: Sequence[memoryview]) -> Peek:
        steps, width = self._axes_in(lane, blobs, codec.decode_steps)
        self._check_width(lane, blobs, width)

        def row(number: int) -> Floats:
            values = (codec.decode_values(data, len(steps))[number] for data in blobs[1:])
            return np.fromiter(values, np.float64, width)

        return Peek(steps, row)

    def _assembled(self, lane: int, blobs: Sequence[memoryview]) -> Chunk:
        axes = self._axes_in(lane, blobs, codec.decode_axes)
        self._check_width(lane, blobs, axes.width)
        values = [codec.decode_values(data, len(axes.step)) for data in blobs[1:]]
        return Chunk(axes.step, axes.wall_time, _side_by_side(values), axes.attempt)

    def _axes_in(
        self, lane: int, blobs: Sequence[memoryview], decode: Callable[[memoryview], Found]
    ) -> Found:
        try:
            return decode(blobs[0])
        except struct.error:  # a column stands in the place of the axes
            raise self._damage(lane, f"the steps of series {lane} are gone") from None

    def _check_width(self, lane: int, blobs: Sequence[memoryview], width: int) -> None:
        if len(blobs) != width + 1:
            raise self._damage(lane, f"columns of series {lane} are gone")

    def _read_blocks(self, lane: int, no: int, size: int) -> Blocks:
        """Return stored blocks; a lane of one column has none, nor has any those of size 1."""
        stored = self._select(BLOCKS[size], lane, [no], None) if size in BLOCKS else []
        for _, part, blob in stored:
            return codec.decode_blocks(self._open(BLOCKS[size], lane, no, part, blob))
        return blocks_of(self.chunk(lane, no), size)

    def _blobs(
        self,
        level: int,
        lane: int,
        chunks: Sequence[int],
        parts: Sequence[int] | None = None,
    ) -> list[tuple[int, int, memoryview]]:
        """Return (chunk, part, data) in order; no chunk, nor a part that is named, may miss."""
        if not chunks:
            return []
        wanted = set(chunks)
        rows = [row for row in self._select(level, lane, chunks, parts) if row[0] in wanted]
        missing = wanted - {no for no, _, _ in rows}
        if missing or (parts is not None and len(rows) != len(wanted) * len(parts)):
            raise self._damage(
                lane, f"rows of chunks {sorted(wanted)[:3]} of series {lane} are gone"
            )
        return [(no, part, self._open(level, lane, no, part, blob)) for no, part, blob in rows]

    def _select(
        self, level: int, lane: int, chunks: Sequence[int], parts: Sequence[int] | None
    ) -> Sequence[Any]:
        query = (
            sa.select(chunk.c.no, chunk.c.part, chunk.c.data)
            .where(chunk.c.level == level, chunk.c.series == lane)
            .where(one_of(chunk.c.no, chunks))
            .order_by(chunk.c.no, chunk.c.part)
        )
        if parts is not None:
            query = query.where(chunk.c.part.in_(parts))
        return self._fetch(query, lane)

    def _fetch(self, query: sa.Select[Any], lane: int) -> Sequence[Any]:
        try:
            with self._database.reading() as connection:
                return connection.execute(query).fetchall()
        except sa.exc.DatabaseError as error:
            raise self._damage(lane, str(error.orig)) from error

    def _open(self, level: int, lane: int, no: int, part: int, blob: bytes) -> memoryview:
        try:
            return codec.unsealed((level, lane, no, part), blob)
        except IndexBrokenError as error:
            raise self._damage(lane, str(error)) from error

    def _damage(self, lane: int, reason: str) -> Exception:
        if lane in self.forgotten:
            return RunNotFoundError("The run was removed while it was read.")
        return self._on_damage(reason)


def _side_by_side(values: Sequence[Matrix]) -> Matrix:
    exact = any(column.dtype == np.float64 for column in values)
    return np.stack(values, axis=1).astype(np.float64 if exact else np.float32, copy=False)
