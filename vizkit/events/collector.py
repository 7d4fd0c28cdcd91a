"""Gathers what the values of a stretch hold and gives it as columns in file order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import (
    KEEP_BELOW,
    Batch,
    Floats,
    Ints,
    Payload,
    Points,
    Rows,
    SessionStart,
    Skipped,
)
from vizkit.events.buffer import Buffer
from vizkit.events.event import Span, plain_scalar, tag_length
from vizkit.events.names import MAX_TAG_BYTES
from vizkit.events.scalars import Mask, Values
from vizkit.events.tags import TagTable
from vizkit.events.values import Row, Scalar, Value, read_value

_Place = tuple[int, int]  # record number, position within its summary
_Names = tuple[str, ...]
_NumberedRow = tuple[int, Span, Row]


class Collector:
    """What was read of a stretch so far.

    step, wall_time: of each record, shape (n,). layouts, plugins: as the file said before the
    stretch; grow with it.
    """

    def __init__(
        self,
        buffer: Buffer,
        offset: int,
        records: int,
        layouts: Mapping[str, _Names],
        plugins: Mapping[str, str],
    ) -> None:
        self.buffer, self.offset = buffer, offset
        self.step: Ints = np.zeros(records, np.int64)
        self.wall_time: Floats = np.zeros(records)
        self.layouts, self.plugins = dict(layouts), dict(plugins)
        self.skipped: list[Skipped] = []
        self.session_starts: list[SessionStart] = []
        self._tags = TagTable()
        self._columns: list[tuple[Ints, Ints, NDArray[np.int32], Floats]] = []
        self._spans: list[tuple[int, int, int, int]] = []
        self._scalars: list[tuple[int, int, int, float]] = []
        self._rows: list[_NumberedRow] = []
        self._payloads: list[tuple[_Place, Payload]] = []

    def add_values(self, record: Ints, rank: int, values: Values) -> None:
        """Add the value at position `rank` of each of the records, where it is valid."""
        scalar = values.scalar
        if values.tensor.any():
            scalar = scalar | self._tensor_scalars(values)
        chosen = np.flatnonzero(scalar)
        if chosen.size:
            tag_index = self._tag_numbers(values, chosen)
            ranks = np.full(chosen.size, rank)
            self._columns.append((record[chosen], ranks, tag_index, values.value[chosen]))
        for rest in np.flatnonzero(values.valid & ~scalar).tolist():
            self.add_span(int(record[rest]), rank, (int(values.at[rest]), int(values.end[rest])))

    def _tag_numbers(self, values: Values, chosen: NDArray[np.intp]) -> NDArray[np.int32]:
        return self._tags.numbers(self.buffer, values.tag_at[chosen], values.tag_length[chosen])

    def _tensor_scalars(self, values: Values) -> Mask:
        """Tell which tensors are scalars: those of tags whose first value is."""
        tensor = np.flatnonzero(values.tensor)
        numbers = self._tag_numbers(values, tensor)
        scalar = np.zeros(values.tensor.size, bool)
        for number, first in zip(*np.unique(numbers, return_index=True), strict=True):
            span = int(values.at[tensor[first]]), int(values.end[tensor[first]])
            if self._is_scalar(span):
                scalar[tensor[numbers == number]] = True
        return scalar

    def _is_scalar(self, span: Span) -> bool:
        try:
            value = read_value(self.buffer.raw, *span, self.plugins)
        except ValueError:
            return False
        if value.plugin:
            self.plugins.setdefault(value.tag, value.plugin)
        return isinstance(value, Scalar)

    def add_span(self, record: int, rank: int, span: Span) -> None:
        """Add one value by its place."""
        self._spans.append((record, rank, *span))

    def add_payload(self, record: int, rank: int, span: Span, tag: str, plugin: str) -> None:
        """Add a reference to bytes of the buffer."""
        start, end = span
        data = self.buffer.raw[start:end] if end - start < KEEP_BELOW else b""
        step, wall_time = int(self.step[record]), float(self.wall_time[record])
        place = self.offset + start, end - start
        payload = Payload(tag, plugin, step, wall_time, data, *place)
        self._payloads.append(((record, rank), payload))

    def add_skipped(self, span: Span, reason: str) -> None:
        """Report bytes of the buffer that cannot be read."""
        self.skipped.append(Skipped(self.offset + span[0], span[1] - span[0], reason))

    def batch(self, end: int, first_skipped: list[Skipped]) -> tuple[Batch, Ints]:
        """Read the values that were only found so far; return all, and each point's record."""
        for span in sorted(self._spans):
            self._read(*span)
        points, record = self._points()
        batch = Batch(
            points=points,
            rows=tuple(self._vectors()),
            payloads=tuple(payload for _, payload in sorted(self._payloads, key=_place)),
            skipped=(*first_skipped, *self.skipped),
            session_starts=tuple(self.session_starts),
            end=end,
            first_wall=self._wall_time(0),
            last_wall=self._wall_time(-1),
        )
        return batch, record

    def _wall_time(self, which: int) -> float | None:
        """Return the first (0) or newest (-1) wall time; records that have none do not count."""
        known = self.wall_time[self.wall_time > 0]
        if not known.size:
            return None
        return float(known.max() if which else known[0])

    def _read(self, record: int, rank: int, start: int, end: int) -> None:
        plain = plain_scalar(self.buffer.raw, start, end)
        if plain is not None:
            self._scalars.append((record, rank, self._tags.number(plain[0]), plain[1]))
            return
        try:
            _check_tag(self.buffer.raw, start, end)
            value = read_value(self.buffer.raw, start, end, self.plugins)
        except ValueError as error:
            self.add_skipped((start, end), str(error))
            return
        self._keep(record, rank, (start, end), value)

    def _keep(self, record: int, rank: int, span: Span, value: Value) -> None:
        if value.plugin:
            self.plugins.setdefault(value.tag, value.plugin)
        if isinstance(value, Scalar):
            number = self._tags.number(value.tag.encode())
            self._scalars.append((record, rank, number, value.value))
        elif isinstance(value, Row):
            self._add_row(record, span, value)
        else:
            self.add_payload(record, rank, span, value.tag, value.plugin)

    def _add_row(self, record: int, span: Span, row: Row) -> None:
        if row.names is not None:
            self.layouts[row.tag] = row.names
        names = self.layouts.get(row.tag)
        if names is not None and len(names) != row.value.size:
            reason = f"vector {row.tag!r:.100} has {row.value.size} values for {len(names)} names"
            self.add_skipped(span, reason)
            return
        self._rows.append((record, span, replace(row, names=names)))

    def _points(self) -> tuple[Points, Ints]:
        single = list(zip(*self._scalars, strict=True)) or [(), (), (), ()]
        dtypes = (np.int64, np.int64, np.int32, np.float64)
        last = tuple(np.array(c, t) for c, t in zip(single, dtypes, strict=True))
        tables = [*self._columns, last] if self._scalars or not self._columns else self._columns
        record, rank, tag_index, value = (np.concatenate(c) for c in zip(*tables, strict=True))
        if len(tables) > 1:
            order = np.lexsort((rank, record))
            record, tag_index, value = record[order], tag_index[order], value[order]
        step, wall_time = self.step[record], self.wall_time[record]
        attempt = np.zeros(record.size, np.int32)
        return Points(self._tags.tags, tag_index, step, wall_time, value, attempt), record

    def _vectors(self) -> list[Rows]:
        named = sorted(self._named_rows(), key=_tag)
        groups = groupby(named, key=_layout)
        return [self._stacked(tag, names, list(rows)) for (tag, names), rows in groups]

    def _named_rows(self) -> Iterator[_NumberedRow]:
        """Yield the rows; names lost to damage are those of a later row of the same length."""
        for record, span, row in self._rows:
            names = row.names or self.layouts.get(row.tag, ())
            if len(names) == row.value.size:
                yield record, span, replace(row, names=names)
            else:
                self.add_skipped(span, f"the names of vector {row.tag!r:.100} are lost")

    def _stacked(self, tag: str, names: _Names, rows: list[_NumberedRow]) -> Rows:
        record = np.array([number for number, _, _ in rows], np.int64)
        value = np.stack([row.value for _, _, row in rows])
        return Rows(tag, names, self.step[record], self.wall_time[record], value)


def _check_tag(raw: bytes, start: int, end: int) -> None:
    """Refuse a tag that is too long to be one; it is not copied for that."""
    size = tag_length(raw, start, end) if end - start > MAX_TAG_BYTES else 0
    if size > MAX_TAG_BYTES:
        raise ValueError(f"a tag of {size:,} bytes, more than {MAX_TAG_BYTES >> 10} KiB")


def _place(item: tuple[_Place, Payload]) -> _Place:
    return item[0]


def _tag(item: _NumberedRow) -> str:
    return item[2].tag


def _layout(item: _NumberedRow) -> tuple[str, _Names]:
    return item[2].tag, item[2].names or ()
