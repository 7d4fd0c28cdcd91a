"""Giving numbers to tags: equal bytes get equal numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Ints
from vizkit.events.buffer import Buffer

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SLOTS = 1 << 16
_LONG = 512


class TagTable:
    """The tags of a stretch, in order of first use."""

    def __init__(self) -> None:
        self._index: dict[bytes, int] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the tags; bytes that are not UTF-8 become replacement characters."""
        return tuple(tag.decode("utf-8", "replace") for tag in self._index)

    def number(self, tag: bytes) -> int:
        """Return the number of one tag."""
        return self._index.setdefault(tag, len(self._index))

    def numbers(self, buffer: Buffer, at: Ints, length: Ints) -> NDArray[np.int32]:
        """Return the numbers of tags that lie in `buffer`. at, length, result: shape (n,)."""
        if at.size and _all_equal(buffer, at, length):
            start = int(at[0])
            number = self.number(buffer.raw[start : start + int(length[0])])
            return np.full(at.size, number, np.int32)
        first, group = _groups(buffer, at, length)
        spans = zip(at[first].tolist(), length[first].tolist(), strict=True)
        known = [self.number(buffer.raw[start : start + size]) for start, size in spans]
        return np.array(known, np.int32)[group]


def _all_equal(buffer: Buffer, at: Ints, length: Ints) -> bool:
    """Tell whether all tags are the first one; quick to say no."""
    size = int(length[0])
    if size > _LONG or length.min() != length.max():
        return False
    for done in range(0, size, 8):
        unused = np.uint64(8 * max(0, done + 8 - size))
        word = buffer.u64[at + done] << unused
        if (word != word[0]).any():
            return False
    return True


def _groups(buffer: Buffer, at: Ints, length: Ints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group equal tags: index of the first of each group in order of use, group of each tag."""
    keys = _hashes(buffer, at, length)
    slot = (keys >> np.uint64(48)).astype(np.intp)
    table = np.zeros(_SLOTS, np.intp)
    table[slot[::-1]] = np.arange(keys.size)[::-1]
    leader = table[slot]
    if np.array_equal(keys[leader], keys):
        first = np.flatnonzero(leader == np.arange(keys.size))
        table[slot[first]] = np.arange(first.size)
        return first, table[slot]
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[group]


def _hashes(buffer: Buffer, at: Ints, length: Ints) -> NDArray[np.uint64]:
    """Return a number for each tag that is the same for equal tags, and else hardly ever."""
    keys = length.astype(np.uint64) * _MIX
    longest = int(length.max(initial=0))
    for done in range(0, min(longest, _LONG), 8):
        more = np.flatnonzero(length > done) if done else slice(None)
        rest = length[more] - done
        word = buffer.u64[at[more] + done] & _mask(rest)
        mixed = (keys[more] ^ word) * _MIX
        keys[more] = mixed ^ (mixed >> np.uint64(29))
    for index in np.flatnonzero(length > _LONG).tolist():
        tag = buffer.raw[at[index] : at[index] + length[index]]
        keys[index] ^= np.uint64(hash(tag) & 0xFFFFFFFFFFFFFFFF)
    hashes: NDArray[np.uint64] = keys * _MIX
    return hashes


def _mask(rest: Ints) -> NDArray[np.uint64]:
    """Return which bits of a word belong to a tag with `rest` bytes left."""
    unused = np.maximum(8 - rest, 0).astype(np.uint64) << np.uint64(3)
    mask: NDArray[np.uint64] = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.minimum(unused, np.uint64(63))
    return mask
