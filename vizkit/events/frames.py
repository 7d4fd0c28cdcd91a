"""TFRecord framing: a length and a payload, each with its masked CRC-32C.

Source: tensorflow/core/lib/io/record_writer.cc (the format TensorBoard's event files use).
"""

from __future__ import annotations

from struct import Struct

from crc32c import crc32c

_MASK_DELTA = 0xA282EAD8
_length = Struct("<Q").pack
_crc = Struct("<I").pack


def masked_crc(data: bytes | bytearray | memoryview) -> int:
    """Return the masked CRC-32C of `data`, an unsigned 32-bit number."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def header(length: int) -> bytes:
    """Return the 12 bytes that open a record of `length` payload bytes."""
    packed = _length(length)
    return packed + _crc(masked_crc(packed))


def frame(payload: bytes) -> bytes:
    """Return `payload` as one record: 16 bytes longer."""
    return header(len(payload)) + payload + _crc(masked_crc(payload))
