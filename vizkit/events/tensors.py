"""Numbers written as tensors without dimensions: TensorFlow 2's scalars, torch's new style."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Floats, Ints
from vizkit.events.buffer import Buffer
from vizkit.events.varint import read_varints

_METADATA = 0x4A


@dataclass(frozen=True)
class _Form:
    """What stands before the number, little-endian, and how wide the number is."""

    lead: bytes
    size: int


# Field 8 of Summary.Value: dtype, an empty shape or none, then tensor_content (22) or float_val
# (2a) or double_val (32).
_FORMS = [
    _Form(bytes((0x42, size + len(shape) + 4, 0x08, dtype)) + shape + bytes((field, size)), size)
    for dtype, size, own in ((1, 4, 0x2A), (2, 8, 0x32))
    for shape in (b"\x12\x00", b"")
    for field in (0x22, own)
]


def tensor_numbers(buffer: Buffer, at: Ints, end: Ints) -> tuple[Ints, Floats]:
    """Find the values in which nothing but such a tensor, and metadata, follows at `at`.

    Returns their indices, ascending, and their numbers.
    """
    word = buffer.u64[at]
    value = np.empty(at.size)
    behind = np.zeros(at.size, np.int64)
    for form in _FORMS:
        lead = np.uint64(int.from_bytes(form.lead, "little"))
        shift = np.uint64(64 - 8 * len(form.lead))
        found = np.flatnonzero(word << shift == lead << shift)
        place = np.minimum(at[found] + len(form.lead), buffer.size)
        value[found] = (buffer.f32 if form.size == 4 else buffer.f64)[place]
        behind[found] = place + form.size
    fits = (behind > 0) & ((behind == end) | _is_metadata(buffer, behind, end))
    index = np.flatnonzero(fits)
    return index, value[index]


def _is_metadata(buffer: Buffer, at: Ints, end: Ints) -> NDArray[np.bool_]:
    """Tell whether one metadata field fills the bytes from `at` to `end`."""
    at = np.minimum(at, buffer.size)
    size, behind = read_varints(buffer, at + 1)
    fits: NDArray[np.bool_] = (size < 1 << 40) & (behind + size.astype(np.int64) == end)
    fits &= buffer.u8[at] == _METADATA
    return fits
