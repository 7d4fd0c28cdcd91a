"""Runs, series, files and payloads as rows of their tables, and back."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from vizkit.events.batch import TailState
from vizkit.index import codec
from vizkit.index.commit import LaneWrite, RunWrite
from vizkit.index.database import Row
from vizkit.index.lane import Begin, Kept, LaneKey
from vizkit.index.pyramid import no_entries
from vizkit.index.rows import PayloadRow

_LENGTH = struct.Struct("<I")


def lane_data(each: LaneWrite) -> bytes:
    """Return what the series table says of a lane."""
    begins = [[number, begin.step, begin.wall_time] for number, begin in each.begins.items()]
    key, chunks = each.lane.key, len(each.directory)
    record = (key.tag, key.names, each.covered, chunks, each.tallied, begins)
    text = json.dumps(record, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _LENGTH.pack(len(text)) + text + each.tally


def lane_of(run: str, data: memoryview) -> tuple[LaneKey, int, Kept]:
    """Return what `lane_data` was given: key, number of chunks, and the rest without directory."""
    (length,) = _LENGTH.unpack_from(data)
    text = bytes(data[_LENGTH.size : _LENGTH.size + length]).decode("utf-8", "surrogatepass")
    tag, names, rows, chunks, tallied, begins = json.loads(text)
    # Runs of one training share their tags, and lanes of one shape what has no rows.
    key = LaneKey(run, sys.intern(tag), None if names is None else tuple(map(sys.intern, names)))
    found = {number: Begin(step, wall) for number, step, wall in begins}
    tally = bytes(data[_LENGTH.size + length :])
    return key, chunks, Kept(rows, no_entries(len(key.series)), found, tallied, tally)


def run_row(run: RunWrite) -> Row:
    """Return a row of the run table."""
    record = {"name": run.name, "totals": asdict(run.totals), "facts": asdict(run.facts)}
    return {"id": run.number, "data": codec.sealed_json(("run", run.number), record)}


def series_row(each: LaneWrite) -> Row:
    """Return a row of the series table."""
    data = codec.sealed(("series", each.lane.number, each.run), lane_data(each))
    return {"id": each.lane.number, "run": each.run, "data": data}


def file_rows(states: Mapping[tuple[int, str], TailState]) -> Iterator[Row]:
    """Give the rows of the file table."""
    for (run, path), state in states.items():
        data = codec.sealed_json(("file", run, path), state.to_json())
        yield {"run": run, "path": path, "data": data}


def payload_row(number: int, run: int, row: PayloadRow) -> Row:
    """Return a row of the payload table."""
    record = {**asdict(row), "data": None if row.data is None else row.data.hex()}
    data = codec.sealed_json(("payload", number, run, row.plugin), record)
    return {"id": number, "run": run, "plugin": row.plugin, "data": data}


def payload_of(record: Mapping[str, Any]) -> PayloadRow:
    """Return the payload that a record of the payload table stands for."""
    data = record["data"]
    return PayloadRow(**{**record, "data": None if data is None else bytes.fromhex(data)})
