"""Reads event files without vizkit's own reader: frames by hand, protos by TensorBoard."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event

from vizkit.events.frames import masked_crc
from vizkit.kinds.runinfo import record as runinfo

_DOUBLE_KEY = b"\x89\x6c"  # field 1729, wire type 1


@dataclass(frozen=True)
class Point:
    step: int
    wall_time: float
    value: float


def payloads(data: bytes) -> Iterator[bytes]:
    """Yield whole records; stop at a torn tail; fail on a wrong checksum."""
    offset = 0
    while offset + 16 <= len(data):
        length, length_crc = struct.unpack_from("<QI", data, offset)
        end = offset + 16 + length
        if end > len(data):
            return
        payload = data[offset + 12 : end - 4]
        assert masked_crc(data[offset : offset + 8]) == length_crc
        assert masked_crc(payload) == struct.unpack_from("<I", data, end - 4)[0]
        yield payload
        offset = end


def event_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*tfevents*"))


def events(folder: Path) -> list[Event]:
    files = [path.read_bytes() for path in event_files(folder)]
    return [Event.FromString(each) for data in files for each in payloads(data)]


def points(folder: Path, tag: str) -> list[Point]:
    """Return the points of a tag as float32, as every tool sees them."""
    return [
        Point(event.step, event.wall_time, value.simple_value)
        for event in events(folder)
        for value in event.summary.value
        if value.tag == tag and value.HasField("simple_value")
    ]


def exact_values(folder: Path, tag: str) -> list[float]:
    """Return the points of a tag as float64, from the field that only vizkit reads."""
    return [
        exact_value(value)
        for event in events(folder)
        for value in event.summary.value
        if value.tag == tag
    ]


def exact_value(value) -> float:
    encoded = value.SerializeToString()
    at = encoded.find(_DOUBLE_KEY)
    return value.simple_value if at < 0 else struct.unpack_from("<d", encoded, at + 2)[0]


def run_infos(folder: Path) -> list[runinfo.RunInfo]:
    return [
        runinfo.decode(value.tensor.string_val[0])
        for event in events(folder)
        for value in event.summary.value
        if value.tag == runinfo.TAG
    ]


def last_end(folder: Path) -> runinfo.End | None:
    ends = [each for each in run_infos(folder) if isinstance(each, runinfo.End)]
    return ends[-1] if ends else None
