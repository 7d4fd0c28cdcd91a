"""Zip files that somebody else made: read member by member, never more than was agreed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from vizkit.importers.files import File

MAGIC = b"PK\x03\x04"
MOST_MEMBERS = 200_000
MOST_BYTES = 256 << 20
"""Of one member, unpacked; graphs are small, and weights are never read."""


class Archive:
    """An opened zip file."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._zip = opened
        self.names = tuple(opened.namelist())
        if len(self.names) > MOST_MEMBERS:
            raise ValueError(f"it has {len(self.names):,} members, more than {MOST_MEMBERS:,}")

    def find(self, pattern: str) -> str:
        """Return the first member whose name holds a pattern, "" without one."""
        return next((name for name in self.names if re.search(pattern, name)), "")

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """Return a member's bytes.

        Raises:
            ValueError: if it has more than `most`, whatever its header says.
            BadZipFile: if it is damaged.
        """
        with self._zip.open(name) as member:
            content = member.read(most + 1)
        if len(content) > most:
            raise ValueError(f"its member {name!r:.100} unpacks to more than {most >> 20} MiB")
        return content


@contextmanager
def opened(file: File) -> Iterator[Archive]:
    """Open a file as a zip.

    Raises:
        BadZipFile: if it is none.
    """
    with file.open() as raw, zipfile.ZipFile(raw) as found:
        yield Archive(found)
