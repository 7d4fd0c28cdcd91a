"""Reads chunks, entries and blocks that were written; decoded ones are kept for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, RunNotFoundError
from vizkit.index import codec
from vizkit.index.blocks import Blocks, blocks_of
from vizkit.index.cache import Cache
from vizkit.index.columns import Chunk, Columns, Floats, Ints, Matrix
from vizkit.index.database import Database
from vizkit.index.pyramid import ENTRY, Entries
from vizkit.index.schema import AXES, BLOCKS, CHUNK_ENTRIES, FINE_ENTRIES, POINTS, chunk

_CACHED = 64 << 20
_TOGETHER = 64
_Axes = tuple[Ints, Floats, int]


class Store:
    """What `LaneView` reads sealed chunks from. Safe to use from any thread."""

    def __init__(self, database: Database, on_damage: Callable[[str], IndexBrokenError]) -> None:
        self.forgotten: set[int] = set()
        self._database = database
        self._on_damage = on_damage
        self._points: Cache[Columns] = Cache(_CACHED)
        self._axes: Cache[_Axes] = Cache(_CACHED // 4)
        self._others: Cache[Any] = Cache(_CACHED)

    def points(self, lane: int, chunks: Sequence[int], position: int) -> list[Columns]:
        """Return one column of sealed chunks."""
        found = {no: self._points.get((lane, no, position)) for no in chunks}
        missing = [no for no, points in found.items() if points is None]
        for start in range(0, len(missing), _TOGETHER):
            found |= self._read_points(lane, missing[start : start + _TOGETHER], position)
        return [points for points in found.values() if points is not None]

    def fine(self, lane: int, chunks: Sequence[int]) -> Entries:
        """Return the entries of FINE points of chunks of a one-column lane."""
        found = {no: self._others.get((lane, FINE_ENTRIES, no)) for no in chunks}
        missing = [no for no, entries in found.items() if entries is None]
        for no, _, data in self._blobs(FINE_ENTRIES, lane, missing):
            found[no] = np.frombuffer(data, ENTRY)
            self._others.put((lane, FINE_ENTRIES, no), found[no], len(data))
        return np.concatenate(list(found.values()))

    def directory(self, lane: int, chunks: int, width: int) -> Entries:
        """Return the entries of all sealed chunks of a lane; shape (chunks, width)."""
        parts = [data for _, _, data in self._blobs(CHUNK_ENTRIES, lane, range(chunks))]
        return np.frombuffer(b"".join(parts), ENTRY).reshape(chunks, width)

    def steps(self, lane: int, no: int) -> Ints:
        """Return the steps of a sealed chunk."""
        known = self._axes.get((lane, no))
        if known is None:
            ((_, _, data),) = self._blobs(POINTS, lane, [no], (AXES,))
            known = self._kept_axes(lane, no, codec.decode_axes(data))
        return known[0]

    def row(self, lane: int, no: int, row: int) -> Floats:
        """Return the values of one row of a sealed chunk; shape (k,)."""
        rows = len(self.steps(lane, no))
        values = [
            float(codec.decode_values(data, rows)[row])
            for _, part, data in self._blobs(POINTS, lane, [no])
            if part != AXES
        ]
        return np.array(values)

    def chunk(self, lane: int, no: int) -> Chunk:
        """Return all columns of a chunk, sealed or not; not kept."""
        (_, _, data), *columns = self._blobs(POINTS, lane, [no])
        step, wall_time, attempt = codec.decode_axes(data)
        values = [codec.decode_values(data, len(step)) for _, _, data in columns]
        return Chunk(step, wall_time, _side_by_side(values), attempt)

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
        axes: _Axes | None = None
        for no, part, data in self._blobs(POINTS, lane, chunks, (AXES, position)):
            if part == AXES:
                axes = self._kept_axes(lane, no, codec.decode_axes(data))
            else:
                assert axes is not None
                value = codec.decode_values(data, len(axes[0]))[:, None]
                points = Chunk(axes[0], axes[1], value, axes[2]).column(0)
                self._points.put((lane, no, position), points, 12 * len(points))
                found[no] = points
        return found

    def _read_blocks(self, lane: int, no: int, size: int) -> Blocks:
        stored = list(self._blobs(BLOCKS[size], lane, [no], must=False)) if size > 1 else []
        return (
            codec.decode_blocks(stored[0][2]) if stored else blocks_of(self.chunk(lane, no), size)
        )

    def _kept_axes(self, lane: int, no: int, axes: _Axes) -> _Axes:
        self._axes.put((lane, no), axes, 16 * len(axes[0]))
        return axes

    def _blobs(
        self,
        level: int,
        lane: int,
        chunks: Sequence[int],
        parts: Sequence[int] | None = None,
        must: bool = True,
    ) -> Iterator[tuple[int, int, memoryview]]:
        """Give (chunk, part, data) in order; missing rows are damage unless `must` is off."""
        if not chunks:
            return
        rows = self._select(level, lane, chunks, parts)
        wanted = set(chunks)
        seen = set()
        for no, part, blob in rows:
            if no in wanted:
                seen.add(no)
                yield no, part, self._open(level, lane, no, part, blob)
        if must and seen != wanted:
            raise self._damage(
                lane, f"chunks {sorted(wanted - seen)[:3]} of series {lane} are gone"
            )

    def _select(
        self, level: int, lane: int, chunks: Sequence[int], parts: Sequence[int] | None
    ) -> Sequence[Any]:
        query = (
            sa.select(chunk.c.no, chunk.c.part, chunk.c.data)
            .where(chunk.c.level == level, chunk.c.series == lane)
            .where(chunk.c.no.between(min(chunks), max(chunks)))
            .order_by(chunk.c.no, chunk.c.part)
        )
        if parts is not None:
            query = query.where(chunk.c.part.in_(parts))
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
