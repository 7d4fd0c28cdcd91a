"""Following one event file: what was added since the last look, in bounded portions."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from vizkit.events.batch import Batch, FileFacts, TailState
from vizkit.events.decode import Decoded, decode
from vizkit.events.follow import follow

PORTION = 4 << 20
"""Bytes read at a time; one record may need more, up to scan.MAX_RECORD."""

GRACE = 2.0
"""Seconds that the end of a file has to become whole, and that a step which goes back has to be
followed by another one, which tells whether it was a restart."""


_Stamp = tuple[int, int]  # size and time of the last change


@dataclass(frozen=True)
class _Wait:
    """What lies at the end and is not read yet.

    needed: bytes it will have, as far as known. stamp: of the file when it was looked at. patient:
    until when (monotonic) it may still change its meaning. tried: stamp at the last try after that.
    """

    needed: int
    stamp: _Stamp
    patient: float
    tried: _Stamp | None = None


class Tail:
    """Reads one event file from where `state` ends.

    first_attempt: called once with the file's facts when its first values were read. grace: how
    long a torn or damaged end is waited for, in seconds; 0 takes the file as it is.
    """

    def __init__(
        self,
        path: Path,
        state: TailState | None = None,
        *,
        first_attempt: Callable[[FileFacts], int] = lambda facts: 0,
        grace: float = GRACE,
    ) -> None:
        self.path = os.fspath(path)
        self.state = state or TailState()
        self.size = self.state.offset
        self._stamp: _Stamp = (0, 0)
        self._first_attempt = first_attempt
        self._grace = grace
        self._wait: _Wait | None = None
        self._needed = 0

    @property
    def caught_up(self) -> bool:
        """Tell whether everything that can be read now was."""
        return self._wait is not None or self.state.offset >= self.size

    @property
    def total(self) -> int:
        """Return how many bytes there are, as of the last look."""
        return max(self.size, self.state.offset)

    def look(self) -> float:
        """Ask for the file's size; returns when it changed, in seconds, or 0 without a file."""
        try:
            info = os.stat(self.path)
        except OSError:
            return 0.0
        if stat.S_ISREG(info.st_mode):
            self.size = info.st_size
        return info.st_mtime

    def still(self) -> bool:
        """Tell whether there is nothing to do: all was read and the file is as it was."""
        try:
            info = os.stat(self.path)
        except OSError:
            return False
        same = (info.st_size, info.st_mtime_ns) == self._stamp and info.st_ino == self.state.inode
        return same and self._wait is None and self.state.offset == self.size

    def accept(self, begin: int, state: TailState) -> bool:
        """Take over what was read elsewhere from offset `begin` on; False if it does not fit."""
        known = self.state.inode
        if self.state.offset != begin or (known not in (0, state.inode)):
            return False
        self.state, self._wait, self._needed = state, None, 0
        self.size = max(self.size, state.offset)
        return True

    def poll(self, max_bytes: int = PORTION) -> Batch | None:
        """Read on; None if there is nothing new.

        A file that was replaced or cut is read from its beginning again: `state` is a fresh one
        and the batch says restarted.

        Raises:
            OSError: if the file is gone, cannot be read or is no regular file.
        """
        info = os.stat(self.path)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("not a regular file")
        restarted = self._replaced(info)
        if restarted:
            self.state, self._wait, self._needed = TailState(), None, 0
        if self.state.inode != info.st_ino:
            self.state = replace(self.state, inode=info.st_ino)
        self.size = info.st_size
        self._stamp = info.st_size, info.st_mtime_ns
        batch = self._read(max_bytes) if self._due() else None
        return replace(batch or Batch(), restarted=True) if restarted else batch

    def _replaced(self, info: os.stat_result) -> bool:
        known = self.state.inode
        return info.st_size < self.state.offset or (known != 0 and known != info.st_ino)

    def _due(self) -> bool:
        wait = self._wait
        if self.size <= self.state.offset or wait is None:
            return self.size > self.state.offset
        if time.monotonic() >= wait.patient:
            return self._stamp != wait.tried
        return self._stamp != wait.stamp and self.size >= self.state.offset + wait.needed

    def _read(self, max_bytes: int) -> Batch | None:
        offset = self.state.offset
        data = self._bytes(max(max_bytes, self._needed))
        more = offset + len(data) < self.size
        eager = self._grace <= 0 or self._patience_ended()
        decoded = self._decode(data, more, eager)
        batch, state, back = follow(self.state, decoded, self._first_attempt)
        known = 0 if back is None or eager else int(decoded.place[back]) - offset
        if back is not None and not eager and (known or not more):
            decoded = replace(self._decode(data[:known], more, eager), waiting="a step went back")
            batch, state, _ = follow(self.state, decoded, self._first_attempt)
        self._remember(decoded, more, eager)
        self.state = state
        return batch if batch.end > offset else None

    def _decode(self, data: bytes, more: bool, eager: bool) -> Decoded:
        state = self.state
        layouts, plugins = state.layouts, state.plugins
        return decode(data, state.offset, layouts=layouts, plugins=plugins, more=more, eager=eager)

    def _bytes(self, count: int) -> bytes:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.state.offset)
            return file.read(min(count, self.size - self.state.offset))

    def _patience_ended(self) -> bool:
        return self._wait is not None and time.monotonic() >= self._wait.patient

    def _remember(self, decoded: Decoded, more: bool, eager: bool) -> None:
        """Note what the end waits for; with more of the file to come it is just read on."""
        before, stuck = self._wait, decoded.batch.end == self.state.offset
        self._needed = decoded.needed if decoded.waiting else 0
        self._wait = None
        if decoded.waiting and not more:
            same = before is not None and stuck and not eager
            patient = before.patient if before and same else time.monotonic() + self._grace
            tried = self._stamp if eager else None
            self._wait = _Wait(decoded.needed, self._stamp, patient, tried)
