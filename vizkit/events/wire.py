"""Protobuf's wire format, as far as we write it by hand."""

from __future__ import annotations

_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


def varint(number: int) -> bytes:
    """Return protobuf's varint of an int64; a negative one takes ten bytes.

    Raises:
        OverflowError: beyond int64.
    """
    if 0 <= number < 0x80:
        return bytes((number,))
    if 0 <= number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    if 0 <= number < 0x200000:
        return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
    if not _LOWEST <= number <= _HIGHEST:
        raise OverflowError(f"{number} is beyond int64")
    return _long_varint(number & 0xFFFFFFFFFFFFFFFF)


def _long_varint(rest: int) -> bytes:
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content
