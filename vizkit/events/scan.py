"""Finding the records of a buffer: lengths and payloads checked, damage passed over and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vizkit.events.batch import Ints, Skipped
from vizkit.events.buffer import Buffer
from vizkit.events.checksums import payloads_valid
from vizkit.events.frames import masked_crc
from vizkit.events.resync import next_record

HEADER = 12
FRAME = 16
MAX_RECORD = 64 << 20
"""Longer records are passed over: reading takes about three times their size in memory."""

_SHORT = 1 << 16
_WINDOW = 1 << 20
_BAD_PAYLOAD = "payload does not match its checksum"


@dataclass(frozen=True)
class Records:
    """The valid records of a buffer, in order.

    start, length: shape (n,), of the payloads. end: behind the last record or skipped region.
    waiting: what lies at `end` and is not a whole record (yet), "" if nothing does.
    needed: how many bytes from `end` on the record there says it has; 0 if unknown.
    """

    start: Ints
    length: Ints
    skipped: tuple[Skipped, ...]
    end: int
    waiting: str = ""
    needed: int = 0


def scan(buffer: Buffer, *, more: bool = False, eager: bool = False) -> Records:
    """Find the records of `buffer`.

    more: the file goes on behind the buffer. eager: what is torn at the end will not be completed,
    so look for whole records inside it and pass over damage even if nothing valid follows.
    """
    return _Scan(buffer, more, eager).run()


class _Scan:
    def __init__(self, buffer: Buffer, more: bool, eager: bool) -> None:
        self.buffer, self.more, self.eager = buffer, more, eager
        self.at = _candidates(buffer)
        self.next = self.at + FRAME + buffer.u64[self.at].astype(np.int64)
        self.breaks = np.append(np.flatnonzero(self.next[:-1] != self.at[1:]), self.at.size - 1)
        self.found: list[Ints] = []
        self.skipped: list[Skipped] = []
        self.position = 0
        self.waiting, self.needed = "", 0

    def run(self) -> Records:
        while self.position < self.buffer.size and not self.waiting:
            heads = self._chained()
            self._take(heads) if heads.size else self._stop(self.position)
        heads = np.concatenate(self.found) if self.found else np.empty(0, np.int64)
        lengths = self.buffer.u64[heads].astype(np.int64)
        ends = (self.position, self.waiting, self.needed)
        return Records(heads + HEADER, lengths, tuple(self.skipped), *ends)

    def _chained(self) -> Ints:
        """Return the heads of the whole records that follow each other from the position on."""
        first = int(np.searchsorted(self.at, self.position))
        if first == self.at.size or self.at[first] != self.position:
            return self._single()
        last = int(self.breaks[np.searchsorted(self.breaks, first)])
        if self.next[last] > self.buffer.size:
            last -= 1
        return self.at[first : last + 1]

    def _single(self) -> Ints:
        length = self._length(self.position)
        whole = length >= 0 and self.position + FRAME + length <= self.buffer.size
        return np.array([self.position] if whole else [], np.int64)

    def _claimed(self, at: int) -> int:
        """Return the payload length that a header with the right CRC gives; -1 without one."""
        if at + HEADER > self.buffer.size:
            return -1
        head = self.buffer.raw[at : at + 8]
        valid = int(self.buffer.u32[at + 8]) == masked_crc(head)
        return int.from_bytes(head, "little") if valid else -1

    def _length(self, at: int) -> int:
        length = self._claimed(at)
        return length if length <= MAX_RECORD else -1

    def _take(self, heads: Ints) -> None:
        bad = np.flatnonzero(~payloads_valid(self.buffer, heads))
        for stretch, hit in _split(heads, bad):
            self.found.append(stretch)
            if stretch.size:
                self.position = int(stretch[-1] + FRAME + self.buffer.u64[stretch[-1]])
            if hit is not None and not self._passed(hit):
                return

    def _passed(self, head: int) -> bool:
        """Skip the record whose payload is damaged; False if its length cannot be trusted."""
        self.position = head
        end = head + FRAME + int(self.buffer.u64[head])
        if self._length(end) < 0 or end >= self.buffer.size:
            self._stop(head)
            return False
        self._skip(end, _BAD_PAYLOAD)
        return True

    def _skip(self, end: int, reason: str) -> None:
        self.skipped.append(Skipped(self.position, end - self.position, reason))
        self.position = end

    def _stop(self, at: int) -> None:
        """Decide what to do at a place that holds no whole valid record: wait, or go on behind."""
        length = self._length(at)
        torn = at + HEADER > self.buffer.size or at + FRAME + length > self.buffer.size
        if torn and (self.more or not self.eager):
            self._wait("the record is not complete", FRAME + max(length, 0))
            return
        reason = self._reason(at, length)
        found = next_record(self.buffer, at + 1)
        if found is not None:
            self._skip(found, reason)
        elif self.more or (self.eager and not torn):
            self._skip(max(at + 1, self.buffer.size - HEADER + 1), reason)
        else:
            self._wait(reason, 0)

    def _wait(self, reason: str, needed: int) -> None:
        self.waiting, self.needed = reason, needed

    def _reason(self, at: int, length: int) -> str:
        if length >= 0:
            return _BAD_PAYLOAD
        if self._claimed(at) > MAX_RECORD:
            return f"record claims {self._claimed(at):,} bytes, more than {MAX_RECORD >> 20} MiB"
        if not any(self.buffer.raw[at : at + FRAME]):
            return "zero bytes where a record should be"
        return "record length does not match its checksum"


def _split(heads: Ints, bad: NDArray[np.intp]) -> Iterator[tuple[Ints, int | None]]:
    """Yield the stretches of good heads, each with the bad head behind it."""
    begin = 0
    for hit in bad.tolist():
        yield heads[begin:hit], int(heads[hit])
        begin = hit + 1
    yield heads[begin:], None


def _candidates(buffer: Buffer) -> Ints:
    """Return where short records that open with a wall time have a valid header, ascending.

    Every event writer puts the wall time (byte 9) first, so this finds nearly all records at once.
    """
    windows = range(0, max(1, buffer.size - HEADER), _WINDOW)
    at = np.concatenate([_short_nines(buffer, low, low + _WINDOW) for low in windows])
    expected = _header_crcs(buffer.u64[at].astype(np.int64))
    heads: Ints = at[buffer.u32[at + 8] == expected].astype(np.int64)
    return heads


def _short_nines(buffer: Buffer, low: int, high: int) -> NDArray[np.intp]:
    """Return where, from `low` to `high`, a short length and a nine have their distance."""
    at = np.flatnonzero(buffer.u8[low + HEADER : min(high + HEADER, buffer.size)] == 9) + low
    return at[buffer.u64[at] < _SHORT]


def _header_crcs(lengths: Ints) -> NDArray[np.uint32]:
    """Return the masked CRC that a header of each length carries."""
    table = np.zeros(_SHORT, np.uint32)
    seen = np.zeros(_SHORT, bool)
    seen[lengths] = True
    for length in np.flatnonzero(seen).tolist():
        table[length] = masked_crc(length.to_bytes(8, "little"))
    return table[lengths]
