"""Writes logged values as records of Event protos, by hand: protobuf's own would be slower."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import strict, warn_once
from vizkit.events.frames import header, masked_crc
from vizkit.events.graph_defs import graph_def_record
from vizkit.events.names import checked_tag
from vizkit.events.records import bytes_record
from vizkit.events.wire import field, varint
from vizkit.kinds.finding import finding
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph import codec, module_graph, versions
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.module_graph import ModuleGraph
from vizkit.kinds.graph.versions import Stretch, Version
from vizkit.kinds.scalar.value import Pending, read
from vizkit.kinds.vector.names import PLUGIN, encode_names, vector_tag
from vizkit.kinds.vector.value import Vector

DOUBLE_FIELD = 1729
"""Field of Summary.Value that holds the float64 (wire type 1) where float32 is not exact."""

REPEAT_NAMES_RECORDS = 1_000
REPEAT_NAMES_BYTES = 4 << 20

MOST_PICTURED = 10_000
"""Nodes of a graph beyond which TensorBoard gets none: its page would not draw it."""

Other = Vector | ModuleGraph | Version | Stretch | Graph | Finding
Item = float | Pending | Other
Entry = tuple[int, float, Mapping[str, Item]]
_Prefixes = tuple[bytes, bytes]

_DT_FLOAT, _DT_DOUBLE = 1, 2
# The varint key of the double's field, read as a little-endian 16-bit number for struct.
_DOUBLE_KEY = int.from_bytes(
    bytes((DOUBLE_FIELD << 3 & 0x7F | 1 | 0x80, DOUBLE_FIELD << 3 >> 7)), "little"
)
_DOUBLE_BYTES = 10
_MANY_HEADERS = 1_000

_pack_time = Struct("<BdB").pack
_pack_single = Struct("<f").pack
_pack_double = Struct("<Hd").pack
_pack_crc = Struct("<I").pack
_unpack_single = Struct("<f").unpack
_BEYOND_SINGLE = {True: _pack_single(float("inf")), False: _pack_single(float("-inf"))}


class Encoder:
    """Encodes the records of one event file; it knows which names the file already holds."""

    def __init__(self) -> None:
        self._in_event: dict[str, _Prefixes | None] = {}
        self._in_summary: dict[str, _Prefixes | None] = {}
        self._headers: dict[int, bytes] = {}
        self._layouts: dict[str, _Layout] = {}
        self._pictured = ""

    def encode_all(self, entries: Iterable[Entry]) -> list[bytes]:
        """Return the records of `log` calls: of each its scalars in one, each vector in its own.

        An entry is a step, a wall time and its items. What cannot be written is left out with a
        warning.
        """
        out: list[bytes] = []
        for step, wall_time, items in entries:
            try:
                out += self._one(step, wall_time, items)
            except Exception as error:
                _left_out("step", f"What was logged at step {step!r:.100}", error)
        return out

    def forget_names(self) -> None:
        """Write the names of each vector again at its next record."""
        self._layouts.clear()

    def _one(self, step: int, wall_time: float, items: Mapping[str, Item]) -> list[bytes]:
        if len(items) == 1:
            ((tag, value),) = items.items()
            if type(value) is float:
                return self._scalar(step, wall_time, tag, value)
        return self._mixed(step, wall_time, items)

    def _scalar(self, step: int, wall_time: float, tag: str, value: float) -> list[bytes]:
        try:
            prefixes = self._in_event[tag]
        except KeyError:
            prefixes = self._in_event[tag] = _event_prefixes(self._prefixes(tag))
        if prefixes is None:
            return []
        start = _pack_time(9, wall_time, 16) + varint(step)
        return [self._record(start + _with_prefix(prefixes, value))]

    def _mixed(self, step: int, wall_time: float, items: Mapping[str, Item]) -> list[bytes]:
        scalars, others = [], []
        for tag, item in items.items():
            try:
                if isinstance(item, (float, Pending)):
                    scalars.append(self._scalar_value(tag, item))
                else:
                    others.append(self._other(step, wall_time, tag, item))
                    if isinstance(item, Version):
                        others += self._picture(step, wall_time, item.graph)
            except Exception as error:
                _left_out(f"value {tag!r}", f"The value of {tag!r:.100}", error)
        summary = b"".join(scalars)
        return [self._event(step, wall_time, summary), *others] if summary else others

    def _scalar_value(self, tag: str, item: float | Pending) -> bytes:
        prefixes = self._prefixes(tag)
        return b"" if prefixes is None else _with_prefix(prefixes, read(item))

    def _other(self, step: int, wall_time: float, tag: str, item: Other) -> bytes:
        if isinstance(item, Vector):
            return self._event(step, wall_time, self._vector(tag, item))
        name, plugin, encode = _RECORDS[type(item)]
        name = name or checked_tag(tag).decode()
        return bytes_record(step, wall_time, name, plugin, encode(item))

    def _picture(self, step: int, wall_time: float, graph: Graph) -> list[bytes]:
        """Return the graph for TensorBoard, which shows one a run: the first, seen best."""
        if self._pictured not in ("", graph.rolled) or len(graph.nodes) > MOST_PICTURED:
            return []
        self._pictured = graph.rolled
        return [graph_def_record(graph, step, wall_time)]

    def _prefixes(self, tag: str) -> _Prefixes | None:
        if tag not in self._in_summary:
            self._in_summary[tag] = _value_prefixes(tag)
        return self._in_summary[tag]

    def _vector(self, prefix: str, vector: Vector) -> bytes:
        array = vector.array()
        tag = vector_tag(prefix)
        layout = self._layouts.get(tag)
        # Users pass the same tuple again and again: comparing its names one by one is dear.
        if layout is None or (layout.names is not vector.names and layout.names != vector.names):
            layout = self._layouts[tag] = _Layout(tag, vector.names)
        return layout.value(array)

    def _event(self, step: int, wall_time: float, summary: bytes) -> bytes:
        start = _pack_time(9, wall_time, 16) + varint(step)
        return self._record(start + b"\x2a" + varint(len(summary)) + summary)

    def _record(self, payload: bytes) -> bytes:
        size = len(payload)
        opening = self._headers.get(size)
        if opening is None:
            opening = header(size)
            if len(self._headers) < _MANY_HEADERS:
                self._headers[size] = opening
        return opening + payload + _pack_crc(masked_crc(payload))


class _Layout:
    """The names of one vector tag, and how long ago the file was told."""

    def __init__(self, tag: str, names: tuple[str, ...]) -> None:
        self.names = names
        self._tag = field(1, checked_tag(tag))
        self._shape = field(2, field(2, b"\x08" + varint(len(names))))
        plugin = field(1, PLUGIN.encode()) + field(2, encode_names(names))
        self._metadata = field(9, field(1, plugin))
        self._records = self._bytes = 0

    def value(self, array: NDArray[Any]) -> bytes:
        """Return the field `value` of a Summary."""
        kind = _DT_FLOAT if array.dtype == np.float32 else _DT_DOUBLE
        content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        tensor = b"\x08" + varint(kind) + self._shape + field(4, content)
        return field(1, self._tag + field(8, tensor) + self._names_when_due(len(content)))

    def _names_when_due(self, size: int) -> bytes:
        due = self._records % REPEAT_NAMES_RECORDS == 0 or self._bytes >= REPEAT_NAMES_BYTES
        self._records += 1
        self._bytes = 0 if due else self._bytes + size
        return self._metadata if due else b""


_RECORDS: Mapping[type, tuple[str, str, Callable[[Any], bytes]]] = {
    Version: (versions.VERSION_TAG, versions.VERSION_PLUGIN, versions.encode_version),
    Stretch: (versions.STEPS_TAG, versions.STEPS_PLUGIN, versions.encode_stretch),
    ModuleGraph: (module_graph.TAG, module_graph.PLUGIN, module_graph.encode),
    Finding: (finding.TAG, finding.PLUGIN, finding.encode),
    Graph: ("", versions.LOGGED_PLUGIN, codec.encode),
}
"""By the class of a value: its tag ("" for the user's), its plugin, and how it is encoded."""


def _left_out(key: str, what: str, error: Exception) -> None:
    if strict():
        raise error
    warn_once(f"encode {key} {type(error)}", f"{what} is left out: {error}", stacklevel=3)


def _value_prefixes(tag: str) -> _Prefixes | None:
    """Return what stands before the number, alone and with a double behind; None for a bad tag."""
    try:
        named = field(1, checked_tag(tag))
    except ValueError as error:
        _left_out(f"tag {tag!r:.1000}", f"Tag {tag!r:.100}", error)
        return None
    return tuple(  # type: ignore[return-value]
        b"\x0a" + varint(len(named) + 5 + behind) + named + b"\x15" for behind in (0, _DOUBLE_BYTES)
    )


def _event_prefixes(prefixes: _Prefixes | None) -> _Prefixes | None:
    if prefixes is None:
        return None
    plain, exact = prefixes
    return (
        b"\x2a" + varint(len(plain) + 4) + plain,
        b"\x2a" + varint(len(exact) + 4 + _DOUBLE_BYTES) + exact,
    )


def _with_prefix(prefixes: _Prefixes, value: float) -> bytes:
    try:
        narrow = _pack_single(value)
    except OverflowError:  # beyond float32: other tools see an infinity of its sign
        narrow = _BEYOND_SINGLE[value > 0]
    if value != value or _unpack_single(narrow)[0] == value:
        return prefixes[0] + narrow
    return prefixes[1] + narrow + _pack_double(_DOUBLE_KEY, value)
