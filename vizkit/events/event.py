"""Reading one Event by hand: where its values lie, so that they can be read, or found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from vizkit.events.varint import BYTES, fields, read_varint, signed

_WALL_TIME, _STEP, _GRAPH, _SUMMARY, _SESSION_LOG, _SOURCE = 1, 2, 4, 5, 7, 10
_OURS = b"\x0a\x06vizkit"
"""The SourceMetadata that names us as the writer."""
_VALUE = _TAG = 1
_STATUS, _START = 1, 1
_SIMPLE = 0x15
_EXACT_KEY = b"\x89\x6c"
_unpack_double = Struct("<d").unpack_from
_unpack_single = Struct("<f").unpack_from

Span = tuple[int, int]


@dataclass(frozen=True)
class Event:
    """One record. summary, graph: where those messages lie; (0, 0) if there are none."""

    wall_time: float = 0.0
    step: int = 0
    summary: Span = (0, 0)
    graph: Span = (0, 0)
    session_start: bool = False

    @property
    def has_content(self) -> bool:
        """Tell whether there is anything to keep."""
        return self.summary != (0, 0) or self.graph != (0, 0)


def read_event(raw: bytes, start: int, end: int) -> Event:
    """Read the outer fields of the Event in `raw[start:end]`.

    Raises:
        ValueError: if the bytes are not an Event.
    """
    wall_time, step, session_start = 0.0, 0, False
    spans: dict[int, Span] = {}
    for number, wire, at, behind in fields(raw, start, end):
        if number == _WALL_TIME and behind - at == 8:
            wall_time = _unpack_double(raw, at)[0]
        elif number == _STEP:
            step = signed(read_varint(raw, at, behind)[0])
        elif wire == BYTES:
            spans[number] = (at, behind)
    if _SESSION_LOG in spans:
        session_start = _is_start(raw, *spans[_SESSION_LOG])
    summary, graph = spans.get(_SUMMARY, (0, 0)), spans.get(_GRAPH, (0, 0))
    if graph != (0, 0) and raw[slice(*spans.get(_SOURCE, (0, 0)))] == _OURS:
        graph = (0, 0)  # a copy for TensorBoard: the graph itself is in a record of ours
    return Event(wall_time, step, summary, graph, session_start)


def _is_start(raw: bytes, start: int, end: int) -> bool:
    return any(
        number == _STATUS and read_varint(raw, at, behind)[0] == _START
        for number, _, at, behind in fields(raw, start, end)
    )


def value_spans(raw: bytes, at: int, end: int) -> Iterator[Span]:
    """Yield where the values of a summary lie.

    Raises:
        ValueError: if the bytes are not a Summary.
    """
    for number, wire, start, behind in fields(raw, at, end):
        if number == _VALUE and wire == BYTES:
            yield start, behind


def tag_length(raw: bytes, at: int, end: int) -> int:
    """Return how many bytes the tag of a value has, without reading it; 0 without one.

    Raises:
        ValueError: if the bytes are not a Summary.Value.
    """
    lengths = (behind - at for number, _, at, behind in fields(raw, at, end) if number == _TAG)
    return max(lengths, default=0)


def plain_scalar(raw: bytes, start: int, end: int) -> tuple[bytes, float] | None:
    """Return tag and number of a value that holds nothing else; None for any other value."""
    if end - start < 7 or raw[start] != 0x0A or raw[start + 1] > 0x7F:
        return None
    at = start + 2 + raw[start + 1]
    if at + 5 == end and raw[at] == _SIMPLE:
        return raw[start + 2 : at], _unpack_single(raw, at + 1)[0]
    if at + 15 == end and raw[at] == _SIMPLE and raw[at + 5 : at + 7] == _EXACT_KEY:
        return raw[start + 2 : at], _unpack_double(raw, at + 7)[0]
    return None
