"""Finding the next record after damage: every offset is tried."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Ints
from vizkit.events.buffer import Buffer
from vizkit.events.frames import masked_crc

_WINDOW = 1 << 20
_FRAME = 16
_HEADER = 12


def next_record(buffer: Buffer, start: int) -> int | None:
    """Return the offset of the first whole valid record from `start` on.

    Without one, the offset of a valid header whose payload goes on behind the buffer, or None.
    """
    torn: int | None = None
    head: int
    for low in range(start, buffer.size - _HEADER + 1, _WINDOW):
        for head in headers(buffer, low, low + _WINDOW).tolist():
            end = head + _FRAME + int(buffer.u64[head])
            if end > buffer.size:
                torn = head if torn is None else torn
            elif _payload_valid(buffer, head, end):
                return head
    return torn


def headers(buffer: Buffer, low: int, high: int) -> Ints:
    """Return the offsets in [low, high) that hold a length below 4 GB with its right CRC."""
    high = max(low, min(high, buffer.size - _HEADER + 1))
    # A length of zero has a CRC that is not: this keeps long holes cheap.
    filled = (buffer.u32[low:high] | buffer.u32[low + 8 : high + 8]) != 0
    at = low + np.flatnonzero(filled & (buffer.u32[low + 4 : high + 4] == 0))
    lengths = buffer.u32[at]
    found: Ints = at[buffer.u32[at + 8] == length_crcs(lengths)].astype(np.int64)
    return found


def length_crcs(lengths: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the masked CRC of each length as the eight bytes that a header holds."""
    tables, constant = _tables()
    crc = np.full(lengths.shape, constant, np.uint32)
    for table, shift in zip(tables, (0, 8, 16, 24), strict=True):
        crc ^= table[(lengths >> np.uint32(shift)) & np.uint32(255)]
    masked: NDArray[np.uint32] = (crc >> 15 | crc << 17) + np.uint32(0xA282EAD8)
    return masked


@cache
def _tables() -> tuple[list[NDArray[np.uint32]], int]:
    """Return the share of each value of each of the four low bytes in the CRC: it is linear."""
    constant = _crc(0)
    shares = [[_crc(value << shift) ^ constant for value in range(256)] for shift in (0, 8, 16, 24)]
    return [np.array(share, np.uint32) for share in shares], constant


def _crc(length: int) -> int:
    unmasked = (masked_crc(length.to_bytes(8, "little")) - 0xA282EAD8) & 0xFFFFFFFF
    return (unmasked >> 17 | unmasked << 15) & 0xFFFFFFFF


def _payload_valid(buffer: Buffer, head: int, end: int) -> bool:
    return masked_crc(buffer.raw[head + _HEADER : end - 4]) == int(buffer.u32[end - 4])
