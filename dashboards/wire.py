"""The bytes that go to the browser: little endian, every column aligned to eight bytes.

docs/http_api.md describes the same layouts for whoever writes another client.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGN = 8
_TERSE: dict[str, Any] = {"allow_nan": False, "separators": (",", ":"), "ensure_ascii": False}
Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """New points of one subscription.

    Attributes:
        id: the number the client gave the subscription.
        start: ordinal of the first point within its series.
        count: how many points.
        columns: what `pack_points` made of them; many tabs may share it.
    """

    id: int
    start: int
    count: int
    columns: bytes


def pack_points(step: Array, wall_time: Array, value: Array) -> bytes:
    """Return three columns of shape (n,), of any number dtype, one after another."""
    return b"".join(map(f64, (step, wall_time, value)))


def pack_frame(blocks: Sequence[Block]) -> bytes:
    """Return one websocket frame: `u32 blocks, u32 0`, then each block with its three columns."""
    parts = [struct.pack("<II", len(blocks), 0)]
    for block in blocks:
        parts += (struct.pack("<IId", block.id, block.count, block.start), block.columns)
    return b"".join(parts)


def pack_columns(header: Mapping[str, Any], columns: Iterable[bytes]) -> bytes:
    """Return `u32 length, u32 0`, a JSON header of that length padded with spaces, the columns."""
    text = json.dumps(jsonable(header), allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGN)
    return struct.pack("<II", len(text), 0) + text + b"".join(columns)


def f64(column: Array) -> bytes:
    """Return a column as little-endian doubles."""
    return np.ascontiguousarray(column, dtype="<f8").tobytes()


def f32(column: Array) -> bytes:
    """Return a column as little-endian floats; what is too large becomes infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(column, dtype="<f4").tobytes()


def u8(flags: Array) -> bytes:
    """Return flags as one byte each."""
    return np.ascontiguousarray(flags, dtype=np.uint8).tobytes()


def numbers(column: Array) -> list[float | str]:
    """Return a column for JSON, non-finite numbers as "NaN", "Infinity", "-Infinity"."""
    plain: list[float | str] = column.tolist()
    for place in np.flatnonzero(~np.isfinite(column)).tolist():
        plain[place] = number(float(column[place]))
    return plain


def number(value: float) -> float | str:
    """Return a number as JSON can say it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def to_json(value: Any) -> str:
    """Return JSON text of nested data; what JSON cannot say becomes text or lists."""
    try:
        # Most answers are plain already: looking at each of their parts takes longer than this.
        return json.dumps(value, default=jsonable, **_TERSE)
    except (ValueError, TypeError):
        return json.dumps(jsonable(value), **_TERSE)


def jsonable(value: Any) -> Any:
    """Return nested data with everything JSON cannot say turned into text or lists."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return numbers(value) if value.dtype.kind == "f" else value.tolist()
    if isinstance(value, Mapping):
        return {str(key): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(inner) for inner in value]
    return str(value)
