"""Bytes of an event file, seen as numbers at any offset."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PAD = bytes(16)


class Buffer:
    """Bytes with unaligned little-endian views: `u64[k]` is the number in bytes k to k + 8.

    The views run up to 16 zero bytes over the end, so that reading a field of a torn record
    gives zeros instead of an error. raw: the bytes with that padding. size: their count without.
    """

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self.size = len(data)
        self.raw = b"".join((data, _PAD))
        self.u8: NDArray[np.uint8] = np.frombuffer(self.raw, np.uint8)
        self.u32: NDArray[np.uint32] = self._view("<u4")
        self.u64: NDArray[np.uint64] = self._view("<u8")
        self.f32: NDArray[np.float32] = self._view("<f4")
        self.f64: NDArray[np.float64] = self._view("<f8")

    def _view(self, dtype: str) -> NDArray[Any]:
        count = len(self.raw) - np.dtype(dtype).itemsize + 1
        view: NDArray[Any] = np.ndarray((count,), dtype, self.raw, strides=(1,))
        return view
