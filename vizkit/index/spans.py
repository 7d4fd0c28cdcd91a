"""One query for stretches of chunks of many lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from vizkit.index.pyramid import CHUNK, ENTRY, FAN_OUT
from vizkit.index.schema import AXES, chunk

_TOGETHER = 2000


@dataclass(frozen=True)
class Wanted:
    """What is to be read of one column of a lane: ascending numbers of sealed chunks.

    points: of chunks that are wanted whole; fine: of those whose entries are.
    """

    lane: int
    position: int
    points: Sequence[int]
    fine: Sequence[int]

    @property
    def size(self) -> int:
        """Return about how many bytes of memory it takes."""
        return 28 * CHUNK * len(self.points) + ENTRY.itemsize * FAN_OUT * len(self.fine)


class Span(NamedTuple):
    """Consecutive chunks of one level of a lane, one column of them."""

    level: int
    lane: int
    part: int
    first: int
    last: int


def stretches(level: int, lane: int, part: int, chunks: Sequence[int]) -> Iterator[Span]:
    """Give the spans that ascending chunks make up."""
    starts = [at for at, no in enumerate(chunks) if not at or chunks[at - 1] != no - 1]
    for start, stop in zip(starts, [*starts, len(chunks)][1:], strict=True):
        yield Span(level, lane, part, chunks[start], chunks[stop - 1])


def portions(spans: Sequence[Span]) -> Iterator[Sequence[Span]]:
    """Give spans in lists that a query may hold."""
    for start in range(0, len(spans), _TOGETHER):
        yield spans[start : start + _TOGETHER]


def of_spans(spans: Sequence[Span]) -> sa.Select[Any]:
    """Return the query for level, series, no, part and data; axes come before columns.

    A join, since databases use the key for a list of ranges only so.
    """
    columns = [sa.column(name, sa.BigInteger) for name in Span._fields]
    wanted = sa.values(*columns, name="wanted").data(list(spans)).cte("spans").c
    key = (chunk.c.level, chunk.c.series, chunk.c.no, chunk.c.part)
    return (
        sa.select(*key, chunk.c.data)
        .where(chunk.c.level == wanted.level, chunk.c.series == wanted.lane)
        .where(chunk.c.no.between(wanted.first, wanted.last))
        .where(sa.or_(chunk.c.part == wanted.part, chunk.c.part == AXES))
        .order_by(*key)
    )


def one_of(column: sa.ColumnElement[int], chunks: Sequence[int]) -> sa.ColumnElement[bool]:
    """Return a condition that reads no more than it has to: the ends of a zoom lie far apart."""
    first, last = min(chunks), max(chunks)
    if last - first < 2 * len(chunks):
        return column.between(first, last)
    return column.in_(chunks)
