"""Checking the payloads of many records: neighbours together, since a CRC is linear.

The CRC of a stretch of records follows from the CRCs that the records carry, so one CRC over the
stretch checks them all. Only where that fails is each record checked by itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from crc32c import crc32c
from numpy.typing import NDArray

from vizkit.events.batch import Ints
from vizkit.events.buffer import Buffer
from vizkit.events.frames import header

Words = NDArray[np.uint32]
Mask = NDArray[np.bool_]

_HEADER, _FOOTER = 12, 4
_SPAN = 1024
"""Bytes that are checked together, about."""

_SHORT = 256
"""Longer payloads are checked by themselves: the call costs less than their bytes."""

_FEW = 32
_MASK_DELTA = np.uint32(0xA282EAD8)


def payloads_valid(buffer: Buffer, heads: Ints) -> Mask:
    """Tell for each record whether its payload matches its CRC.

    heads: shape (n,), ascending, of records whose headers are valid. Result: shape (n,).
    """
    lengths = buffer.u64[heads].astype(np.int64)
    valid = np.zeros(heads.size, bool)
    short = np.flatnonzero(lengths <= _SHORT)
    if short.size >= _FEW:
        valid[short] = _together(buffer, heads[short], lengths[short])
    rest = np.flatnonzero(~valid)
    if rest.size:
        valid[rest] = _one_by_one(buffer, heads[rest], lengths[rest])
    return valid


def _one_by_one(buffer: Buffer, heads: Ints, lengths: Ints) -> Mask:
    begins, ends = heads + _HEADER, heads + _HEADER + lengths
    crc = _crcs(buffer.raw, begins, ends)
    return np.asarray((crc >> 15 | crc << 17) + _MASK_DELTA == buffer.u32[ends])


def _together(buffer: Buffer, heads: Ints, lengths: Ints) -> Mask:
    """Tell which records lie in stretches that are right as a whole."""
    ends = heads + lengths + (_HEADER + _FOOTER)
    first = np.flatnonzero(_begins_stretch(heads, ends))
    last = np.append(first[1:], heads.size) - 1
    sizes = np.diff(np.append(first, heads.size))
    behind = np.repeat(ends[last], sizes) - ends
    expected = np.bitwise_xor.reduceat(_shares(buffer, lengths, ends, behind), first)
    actual = _crcs(buffer.raw, heads[first], ends[last]) ^ _of_zeros()[ends[last] - heads[first]]
    return np.repeat(expected == actual, sizes)


def _begins_stretch(heads: Ints, ends: Ints) -> Mask:
    span = heads // _SPAN
    begins = np.ones(heads.size, bool)
    begins[1:] = (heads[1:] != ends[:-1]) | (span[1:] != span[:-1])
    return begins


def _shares(buffer: Buffer, lengths: Ints, ends: Ints, behind: Ints) -> Words:
    """Return what each record adds to the CRC of its stretch, `behind` bytes before its end."""
    stored = buffer.u32[ends - _FOOTER]
    masked = stored - _MASK_DELTA
    words = (masked >> np.uint32(17) | masked << np.uint32(15)) ^ stored ^ _frames()[lengths]
    places = behind << 10
    table = _shifted()
    share: Words = table[places + (words & np.uint32(255))]
    for byte in (1, 2, 3):
        digit = (words >> np.uint32(8 * byte)) & np.uint32(255)
        share ^= table[places + (digit + np.uint32(256 * byte))]
    return share


def _crcs(raw: bytes, begins: Ints, ends: Ints) -> Words:
    slices = map(slice, begins.tolist(), ends.tolist())
    return np.fromiter(map(crc32c, map(raw.__getitem__, slices)), np.uint32, begins.size)


_LONGEST = _SPAN + _SHORT + _HEADER + _FOOTER


@cache
def _of_zeros() -> Words:
    """Return the CRC of each number of zero bytes: what a CRC has that is not linear."""
    return np.array([crc32c(bytes(count)) for count in range(_LONGEST + 1)], np.uint32)


@cache
def _frames() -> Words:
    """Return the share of the header and the zeros of a record, for each payload length."""
    zeros = _of_zeros()
    frames = [
        crc32c(header(n) + bytes(n)) ^ zeros[_HEADER + n] ^ zeros[n] for n in range(_SHORT + 1)
    ]
    return np.array(frames, np.uint32)


@cache
def _shifted() -> Words:
    """Return the CRCs of each value of each of four bytes with a footer and d more zeros behind.

    Flat; the first index is d, then comes the byte's place, then its value.
    """
    single = np.array([[v << shift for v in range(256)] for shift in (0, 8, 16, 24)], np.uint32)
    step = _step_table()
    rows = np.empty((_LONGEST, 1024), np.uint32)
    row = single.ravel()
    for _ in range(_FOOTER):
        row = row >> np.uint32(8) ^ step[row & np.uint32(255)]
    for behind in range(_LONGEST):
        rows[behind] = row
        row = row >> np.uint32(8) ^ step[row & np.uint32(255)]
    return rows.ravel()


def _step_table() -> Words:
    """Return what one zero byte makes of each value of the lowest byte."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = values >> np.uint32(1) ^ (values & np.uint32(1)) * np.uint32(0x82F63B78)
    return values
