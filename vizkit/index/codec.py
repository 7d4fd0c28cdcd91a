"""How columns lie in the database: small, exact to the last bit, each blob with a checksum."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import IndexBrokenError
from vizkit.index.blocks import Blocks
from vizkit.index.columns import Chunk, Floats, Ints, Matrix

_CRC = struct.Struct("<I")
_DELTAS = struct.Struct("<BqqB")
_AXES = struct.Struct("<iiiI")
_BLOCKS = struct.Struct("<iii")
_FLOAT, _REAL = struct.Struct("<f"), struct.Struct("<d")
_SQUEEZED = 0x80
_WIDTHS = ("<u1", "<u2", "<u4", "<u8")
_SINGLE, _DOUBLE = b"f", b"d"
_CONSTANT = {4: b"k", 8: b"K"}


@dataclass(frozen=True)
class Axes:
    """What all columns of a chunk share; width: how many columns there are."""

    step: Ints
    wall_time: Floats
    attempt: int
    width: int


def sealed(key: tuple[object, ...], data: bytes) -> bytes:
    """Return data with a checksum over it and the key of the row that it belongs to."""
    return _CRC.pack(_checksum(key, data)) + data


def unsealed(key: tuple[object, ...], blob: bytes) -> memoryview:
    """Return the data of a sealed blob.

    Raises:
        IndexBrokenError: if a bit of it, or the key of its row, has changed.
    """
    data = memoryview(blob)[_CRC.size :]
    if len(blob) < _CRC.size or _CRC.unpack_from(blob)[0] != _checksum(key, data):
        raise IndexBrokenError(f"row {key!r:.200} is damaged")
    return data


def sealed_json(key: tuple[object, ...], record: Mapping[str, Any]) -> bytes:
    """Return a record as sealed JSON."""
    return sealed(key, json.dumps(record, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def unsealed_json(key: tuple[object, ...], blob: bytes) -> dict[str, Any]:
    """Return the record of sealed JSON."""
    text = bytes(unsealed(key, blob)).decode("utf-8", "surrogatepass")
    record: dict[str, Any] = json.loads(text)
    return record


def encode_axes(chunk: Chunk) -> bytes:
    """Return the steps and wall times that all columns of a chunk share."""
    steps = encode_ints(chunk.step)
    walls = encode_ints(np.ascontiguousarray(chunk.wall_time).view(np.int64))
    n, width = chunk.value.shape
    return _AXES.pack(n, width, chunk.attempt, len(steps)) + steps + walls


def decode_axes(data: memoryview) -> Axes:
    """Return what encode_axes packed."""
    n, width, attempt, split = _AXES.unpack_from(data)
    body = data[_AXES.size :]
    walls = decode_ints(body[split:], n).view(np.float64)
    return Axes(decode_ints(body[:split], n), walls, attempt, width)


def decode_steps(data: memoryview) -> tuple[Ints, int, int]:
    """Return a chunk's steps, its attempt and its number of columns; wall times are left alone."""
    n, width, attempt, split = _AXES.unpack_from(data)
    return decode_ints(data[_AXES.size :][:split], n), attempt, width


def encode_ints(values: Ints) -> bytes:
    """Return int64s as first, smallest difference, and differences above it, narrow."""
    # Differences wrap around at the ends of int64, and back again when they are summed up.
    deltas = np.diff(values)
    base = deltas.min() if len(deltas) else np.int64(0)
    above = (deltas - base).view(np.uint64)
    highest = int(above.max(initial=0))
    if not highest:
        return _DELTAS.pack(0, int(values[0]), int(base), 0)
    power = next(power for power in range(4) if highest < 1 << (8 << power))
    body = above.astype(_WIDTHS[power])
    plain: bytes = body.tobytes()
    if power > 1:
        squeezed: bytes = zlib.compress(body.view(np.uint8).reshape(len(body), -1).T.tobytes(), 1)
        if len(squeezed) < len(plain):
            return _DELTAS.pack(1, int(values[0]), int(base), power | _SQUEEZED) + squeezed
    return _DELTAS.pack(1, int(values[0]), int(base), power) + plain


def decode_ints(data: memoryview, n: int) -> Ints:
    """Return the n int64s that encode_ints packed."""
    varies, first, base, form = _DELTAS.unpack_from(data)
    if not varies:
        return _evenly(first, base, n)
    deltas = np.full(n, base, np.int64)
    deltas[1:] += _above(data[_DELTAS.size :], form, n - 1).astype(np.uint64).view(np.int64)
    deltas[0] = first
    return np.cumsum(deltas)


@lru_cache(256)
def _evenly(first: int, base: int, n: int) -> Ints:
    """Return evenly spaced numbers; series that are logged together share them."""
    values: Ints = np.arange(n) * np.int64(base) + np.int64(first)
    values.flags.writeable = False
    return values


def _above(body: memoryview, form: int, n: int) -> NDArray[Any]:
    width = np.dtype(_WIDTHS[form & 3])
    if not form & _SQUEEZED:
        return np.frombuffer(body, width, n)
    shuffled = np.frombuffer(zlib.decompress(body), np.uint8).reshape(width.itemsize, n)
    return np.ascontiguousarray(shuffled.T).reshape(-1).view(width)


def encode_values(values: NDArray[np.floating[Any]]) -> bytes:
    """Return floats as one number where all are the same, else as float32 where that is exact."""
    bits = values.view(f"<u{values.itemsize}")
    if (bits == bits[0]).all():
        return _CONSTANT[values.itemsize] + values[:1].tobytes()
    if values.dtype == np.float32:
        return _SINGLE + values.tobytes()
    single = _narrowed(values)
    return _DOUBLE + values.tobytes() if single is None else _SINGLE + single.tobytes()


def decode_values(data: memoryview, n: int) -> Matrix:
    """Return the n floats that encode_values packed, float32 or float64."""
    form, body = bytes(data[:1]), data[1:]
    values: Matrix = np.frombuffer(body, "<f4" if form in (_SINGLE, _CONSTANT[4]) else "<f8")
    return np.full(n, values[0], values.dtype) if form in _CONSTANT.values() else values


def decode_value(data: memoryview, place: int) -> float:
    """Return one of the floats that encode_values packed."""
    form = bytes(data[:1])
    single = form in (_SINGLE, _CONSTANT[4])
    at = 0 if form in _CONSTANT.values() else place * (4 if single else 8)
    value: float = (_FLOAT if single else _REAL).unpack_from(data, 1 + at)[0]
    return value


def encode_blocks(blocks: Blocks) -> bytes:
    """Return the blocks of a chunk."""
    rows, width = blocks.top.shape
    odd = np.packbits(blocks.odd).tobytes()
    head = _BLOCKS.pack(rows, width, blocks.attempt)
    return head + blocks.step.tobytes() + blocks.top.tobytes() + odd


def decode_blocks(data: memoryview) -> Blocks:
    """Return the blocks that encode_blocks packed."""
    rows, width, attempt = _BLOCKS.unpack_from(data)
    tops = _BLOCKS.size + 8 * rows
    odds = tops + 4 * rows * width
    odd = np.unpackbits(np.frombuffer(data[odds:], np.uint8), count=rows * width)
    return Blocks(
        step=np.frombuffer(data[_BLOCKS.size : tops], "<i8"),
        top=np.frombuffer(data[tops:odds], "<f4").reshape(rows, width),
        odd=odd.reshape(rows, width).view(bool),
        attempt=attempt,
    )


def _narrowed(values: NDArray[np.floating[Any]]) -> NDArray[np.float32] | None:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        single = values.astype("<f4")
    same = single.astype("<f8").view("<u8") == values.view("<u8")
    return single if same.all() else None


def _checksum(key: tuple[object, ...], data: bytes | memoryview) -> int:
    return zlib.crc32(data, zlib.crc32(repr(key).encode("utf-8", "backslashreplace")))
