"""Protobuf's varints: one at a time, or many at once without a loop over them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Ints
from vizkit.events.buffer import Buffer

_STOP = np.uint64(0x8080808080808080)
# The lowest stop bit (at 8 k) times this brings its byte 7 - k, which is k + 1, to the top.
_COUNT = np.uint64(0x0102030405060708)
_LOW63 = (1 << 64) - 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def read_varint(raw: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the unsigned number at `at` and the offset behind it.

    Raises:
        ValueError: if it does not end before `end` or within ten bytes.
    """
    number = shift = 0
    for place in range(at, min(end, at + 10)):
        byte = raw[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & _LOW63, place + 1
        shift += 7
    raise ValueError(f"No varint ends between bytes {at} and {end}.")


def signed(number: int) -> int:
    """Return the int64 that an unsigned varint stands for."""
    return number - (1 << 64) if number >> 63 else number


def fields(raw: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, wire type, start, end) of the content of each field of a message.

    A varint's content is its bytes. Groups are passed over as protobuf does not write them.

    Raises:
        ValueError: if the bytes are not a message.
    """
    while at < end:
        key, at = read_varint(raw, at, end)
        start, at = _content(raw, at, end, key & 7)
        if at > end:
            raise ValueError(f"Field {key >> 3} ends behind its message.")
        yield key >> 3, key & 7, start, at


def _content(raw: bytes, at: int, end: int, wire: int) -> tuple[int, int]:
    if wire == VARINT:
        return at, read_varint(raw, at, end)[1]
    if wire == BYTES:
        length, start = read_varint(raw, at, end)
        return start, start + length
    if wire in (FIXED64, FIXED32):
        return at, at + (8 if wire == FIXED64 else 4)
    raise ValueError(f"Wire type {wire} at byte {at} is not protobuf.")


def read_varints(buffer: Buffer, at: Ints) -> tuple[NDArray[np.uint64], Ints]:
    """Return the numbers at the offsets `at`, and the offsets behind them.

    at, results: shape (n,). Offsets behind the buffer are read as its padding.
    """
    at = np.minimum(at, buffer.size)
    first = buffer.u8[at]
    if first.max(initial=0) < 0x80:
        return first.astype(np.uint64), at + 1
    word = buffer.u64[at]
    stop = ~word & _STOP
    stop &= ~stop + np.uint64(1)
    taken = ((stop >> np.uint64(7)) * _COUNT >> np.uint64(56)).astype(np.int64)
    number = _squeezed(word & (stop - np.uint64(1)))
    long = np.flatnonzero(stop == 0)
    if long.size:
        _add_high_bits(buffer, at, long, number, taken)
    return number, at + taken


def _squeezed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the eight groups of seven bits closed up."""
    word = word & ~_STOP
    word = (word & np.uint64(0x007F007F007F007F)) | (
        (word & np.uint64(0x7F007F007F007F00)) >> np.uint64(1)
    )
    word = (word & np.uint64(0x00003FFF00003FFF)) | (
        (word & np.uint64(0x3FFF00003FFF0000)) >> np.uint64(2)
    )
    high = (word & np.uint64(0x0FFFFFFF00000000)) >> np.uint64(4)
    number: NDArray[np.uint64] = (word & np.uint64(0x0FFFFFFF)) | high
    return number


def _add_high_bits(
    buffer: Buffer, at: Ints, long: NDArray[np.intp], number: NDArray[np.uint64], taken: Ints
) -> None:
    """Complete the numbers of nine and ten bytes: large and negative steps."""
    ninth = buffer.u8[at[long] + 8].astype(np.uint64)
    tenth = buffer.u8[at[long] + 9].astype(np.uint64)
    two = ninth >= 0x80
    high = (ninth & np.uint64(0x7F)) << np.uint64(56)
    number[long] |= high | np.where(two, tenth << np.uint64(63), np.uint64(0))
    taken[long] = np.where(two, 10, 9)
