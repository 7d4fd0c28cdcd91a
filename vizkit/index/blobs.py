"""Rows of chunks as they lie in the database, each looked at whether it is damaged."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from vizkit.errors import IndexBrokenError, RunNotFoundError
from vizkit.index import codec
from vizkit.index.database import Database
from vizkit.index.schema import OPEN, chunk
from vizkit.index.spans import one_of

Found = TypeVar("Found")
_LANES_TOGETHER = 500


class Blobs:
    """Reads rows with few queries. forgotten: lanes whose rows may be gone by now."""

    def __init__(self, database: Database, on_damage: Callable[[str], IndexBrokenError]) -> None:
        self.forgotten: set[int] = set()
        self._database = database
        self._on_damage = on_damage

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

    def _open_blobs(
        self, places: Mapping[int, int], parts: Sequence[int] | None = None
    ) -> Iterator[tuple[int, list[memoryview]]]:
        """Give (lane, blobs) of the open chunks that are there; places: chunk by lane."""
        lanes = list(places)
        for start in range(0, len(lanes), _LANES_TOGETHER):
            some = lanes[start : start + _LANES_TOGETHER]
            query = (
                sa.select(chunk.c.series, chunk.c.no, chunk.c.part, chunk.c.data)
                .where(chunk.c.level == OPEN, chunk.c.series.in_(some))
                .order_by(chunk.c.series, chunk.c.no, chunk.c.part)
            )
            if parts is not None:
                query = query.where(chunk.c.part.in_(parts))
            for (lane, no), rows in groupby(self._fetch(query, some[0]), key=itemgetter(0, 1)):
                if no == places[lane]:
                    yield lane, [self._open(OPEN, lane, no, p, blob) for _, _, p, blob in rows]

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
