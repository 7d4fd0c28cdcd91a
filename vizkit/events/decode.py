"""From the bytes of an event file to columns: many records at once, the rare ones one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vizkit.events.batch import Batch, Ints, SessionStart
from vizkit.events.buffer import Buffer
from vizkit.events.collector import Collector
from vizkit.events.event import Event, read_event, value_spans
from vizkit.events.scalars import Mask, Outline, outline, read_values
from vizkit.events.scan import HEADER, Records, scan

GRAPH_TAG, GRAPH_PLUGIN = "__run_graph__", "graphs"
_FEW = 24
"""Below so many records a loop is faster than NumPy."""


@dataclass(frozen=True)
class Decoded:
    """A batch, and what the records behind it depend on.

    place: where in the file the record of each point begins, shape (n,).
    waiting, needed: as in scan.Records, of what lies at `batch.end`.
    """

    batch: Batch
    place: Ints
    layouts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    waiting: str = ""
    needed: int = 0


def decode(
    data: bytes | bytearray | memoryview,
    offset: int = 0,
    *,
    layouts: Mapping[str, tuple[str, ...]] | None = None,
    plugins: Mapping[str, str] | None = None,
    more: bool = False,
    eager: bool = False,
) -> Decoded:
    """Decode the records in `data`, which begins at `offset` of its file.

    layouts, plugins: what the file said before, as the call before returned it. more, eager: see
    scan. The batch ends before a SessionLog START that follows values.
    """
    buffer = Buffer(data)
    found = scan(buffer, more=more, eager=eager)
    form = outline(buffer, found.start, found.length) if found.start.size >= _FEW else None
    usual = form.usual if form is not None else np.zeros(found.start.size, bool)
    events, broken = _rare_events(buffer, found, usual)
    cut = _first_restart(usual, events)
    collector = Collector(buffer, offset, min(cut, usual.size), layouts or {}, plugins or {})
    _add_rare(collector, events, cut)
    if form is not None:
        _add_usual(collector, form, cut)
    for record, reason in broken.items():
        if record < cut:
            collector.add_skipped(_span(found, record), reason)
    return _decoded(collector, found, cut)


def _decoded(collector: Collector, found: Records, cut: int) -> Decoded:
    end, waiting, needed = found.end, found.waiting, found.needed
    if cut < found.start.size:
        end, waiting, needed = int(found.start[cut]) - HEADER, "", 0
    offset = collector.offset
    skipped = [replace(each, offset=each.offset + offset) for each in found.skipped]
    skipped = [each for each in skipped if each.offset < offset + end]
    batch, record = collector.batch(offset + end, skipped)
    place = found.start[record] - HEADER + offset
    return Decoded(batch, place, collector.layouts, collector.plugins, waiting, needed)


def _span(found: Records, record: int) -> tuple[int, int]:
    start = int(found.start[record])
    return start, start + int(found.length[record])


def _rare_events(
    buffer: Buffer, found: Records, usual: Mask
) -> tuple[dict[int, Event], dict[int, str]]:
    """Read the records that have not the usual form; also return which are no Events, and why."""
    events: dict[int, Event] = {}
    broken: dict[int, str] = {}
    for record in np.flatnonzero(~usual).tolist():
        try:
            events[record] = read_event(buffer.raw, *_span(found, record))
        except ValueError as error:
            broken[record] = str(error)
    return events, broken


def _first_restart(usual: Mask, events: Mapping[int, Event]) -> int:
    """Return the number of the first SessionLog START behind a record with values, or the end."""
    with_values = [record for record, event in events.items() if event.has_content]
    first = min([*np.flatnonzero(usual)[:1].tolist(), *with_values[:1]], default=usual.size)
    starts = (record for record, event in events.items() if event.session_start)
    return min((record for record in starts if record > first), default=usual.size)


def _add_rare(collector: Collector, events: Mapping[int, Event], cut: int) -> None:
    for record, event in events.items():
        if record >= cut:
            return
        collector.step[record], collector.wall_time[record] = event.step, event.wall_time
        if event.session_start:
            collector.session_starts.append(SessionStart(event.step, event.wall_time))
        if event.graph != (0, 0):
            collector.add_payload(record, 0, event.graph, GRAPH_TAG, GRAPH_PLUGIN)
        _add_spans(collector, record, 0, event.summary)


def _add_spans(collector: Collector, record: int, rank: int, summary: tuple[int, int]) -> None:
    """Add the values of one summary, of which the first has position `rank`."""
    try:
        for place, span in enumerate(value_spans(collector.buffer.raw, *summary), rank):
            collector.add_span(record, place, span)
    except ValueError as error:
        collector.add_skipped(summary, str(error))


def _add_usual(collector: Collector, form: Outline, cut: int) -> None:
    """Add the k-th value of all usual records, for each k; the last few records one by one."""
    usual = form.usual[:cut]
    collector.step[usual] = form.step[:cut][usual]
    collector.wall_time[usual] = form.wall_time[:cut][usual]
    record = np.flatnonzero(usual & (form.at < form.end)[:cut])
    at, rank = form.at[record], 0
    while record.size >= _FEW:
        record, at = _add_nth(collector, form, record, at, rank)
        rank += 1
    for each, start in zip(record.tolist(), at.tolist(), strict=True):
        _add_spans(collector, each, rank, (start, int(form.end[each])))


def _add_nth(
    collector: Collector, form: Outline, record: Ints, at: Ints, rank: int
) -> tuple[Ints, Ints]:
    """Add one value of each record; return the records that go on, and where."""
    limit = form.end[record]
    values = read_values(collector.buffer, at, limit)
    # Something unknown in a summary: protobuf's rules decide, one record at a time.
    for index in np.flatnonzero(~values.valid).tolist():
        _add_spans(collector, int(record[index]), rank, (int(at[index]), int(limit[index])))
    collector.add_values(record, rank, values)
    going = values.valid & (values.end < limit)
    return record[going], values.end[going]
