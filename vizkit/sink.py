"""One event file to append to, which keeps what the disk does not take and never tears a record."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from struct import Struct

from vizkit.errors import RunFolderError, warn_once
from vizkit.events.names import event_file_name

PENDING_LIMIT = 64 << 20
"""Bytes kept while the disk takes none; beyond it the oldest records are given up."""

RETRY_SECONDS = 1.0
_FRAME_BYTES = 16
_numbers = itertools.count()
_length = Struct("<Q").unpack_from


class Sink:
    """Appends whole records to a new file in `folder`.

    `opening` gives what every file of this sink begins with; it is asked again when the folder was
    removed and another file is begun. Used by one thread at a time.

    Raises:
        RunFolderError: if the file cannot be created now; later troubles only warn.
    """

    def __init__(
        self, folder: Path, opening: Callable[[], bytes], *, limit: int = PENDING_LIMIT
    ) -> None:
        self.lost = 0
        self._file = -1
        self._path = folder
        self._folder = folder
        self._opening = opening
        self._limit = limit
        self._head = b""
        self._pending = bytearray()
        self._size = 0
        self._retry_at = self._check_at = 0.0
        self._torn = False
        try:
            self._create()
        except OSError as error:
            raise RunFolderError(
                f"Cannot write a run here ({error.strerror}); pass another folder: {folder}"
            ) from error

    @property
    def pending(self) -> int:
        """Count the bytes that are not on disk yet."""
        return len(self._head) + len(self._pending)

    def add(self, records: bytes) -> None:
        """Keep whole records for the next `write`; gives up the oldest beyond the limit."""
        self._pending += records
        if len(self._pending) > self._limit:
            self._give_up(len(self._pending) - self._limit)

    def write(self) -> bool:
        """Write all that is kept, in one call where the disk takes it.

        Returns whether nothing is left; tries at most once a second after a failure.
        """
        now = time.monotonic()
        if now < self._retry_at:
            return False
        try:
            self._mend()
            self._write()
        except OSError as error:
            self._retry_at = now + RETRY_SECONDS
            self._warn(error)
        return not self.pending

    def file_is_gone(self) -> bool:
        """Tell, once, that the file was removed; the next `write` begins another one."""
        now = time.monotonic()
        if self._file < 0 or now < self._check_at:
            return False
        self._check_at = now + RETRY_SECONDS
        if os.fstat(self._file).st_nlink:
            return False
        self.close()
        return True

    def retry_now(self) -> None:
        """Let the next `write` and `file_is_gone` look, whatever happened before."""
        self._retry_at = self._check_at = 0.0

    def close(self) -> None:
        """Close the file; what is still pending is lost."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _create(self) -> None:
        self._file = -1
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        while self._file < 0:
            name = event_file_name(time.time(), socket.gethostname(), os.getpid(), next(_numbers))
            self._path = self._folder / name
            try:
                self._file = os.open(self._path, flags, 0o666)
            except FileExistsError:  # another machine of the same name and process id
                continue
        self._size = 0
        self._head = self._opening()
        self._check_at = time.monotonic() + RETRY_SECONDS

    def _mend(self) -> None:
        if self._file < 0:
            self._create()
        elif self._torn:
            os.ftruncate(self._file, self._size)
        self._torn = False

    def _write(self) -> None:
        if not self.pending:
            return
        data = self._head + self._pending
        done = 0
        try:
            while done < len(data):
                done += os.write(self._file, memoryview(data)[done:])
        finally:
            whole = done if done == len(data) else whole_records(data, done)
            self._torn = done > whole
            self._size += whole
            self._keep(data, whole)
            if self._torn:
                os.ftruncate(self._file, self._size)
                self._torn = False

    def _keep(self, data: bytes, start: int) -> None:
        head_end = max(start, len(self._head))
        self._head = data[start:head_end]
        self._pending = bytearray(data[head_end:])

    def _give_up(self, at_least: int) -> None:
        end = whole_records(self._pending, at_least)
        if end < at_least:
            end += _FRAME_BYTES + _length(self._pending, end)[0]
        self.lost += count_records(self._pending, end)
        del self._pending[:end]

    def _warn(self, error: OSError) -> None:
        warn_once(
            f"disk {self._folder}",
            f"Cannot write the run now ({error.strerror}); up to {self._limit >> 20} MB are kept "
            f"and written when it works again: {self._path}",
        )


def whole_records(data: bytes | bytearray, end: int) -> int:
    """Return where the last record that is whole within `data[:end]` ends."""
    offset = 0
    while offset + _FRAME_BYTES <= end:
        after = offset + _FRAME_BYTES + int(_length(data, offset)[0])
        if after > end:
            break
        offset = after
    return offset


def count_records(data: bytes | bytearray, end: int) -> int:
    """Return how many records `data[:end]` holds."""
    offset = count = 0
    while offset < end:
        offset += _FRAME_BYTES + int(_length(data, offset)[0])
        count += 1
    return count
