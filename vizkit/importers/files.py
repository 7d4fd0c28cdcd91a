"""What is read, a path or bytes, within bounds; and one error for whatever is wrong with it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError

from vizkit.errors import GraphFileError
from vizkit.kinds.graph.graph import Graph

MOST_BYTES = 2 << 30
"""Protobuf's own bound of a message."""
MOST_TEXT = 64 << 20
"""Text is parsed in Python: this takes minutes already."""

Given = str | Path | bytes
_DAMAGED = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RecursionError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    DecodeError,
    SyntaxError,
)
"""What reading bytes of any kind can raise in the parsers that are used here."""


@dataclass(frozen=True)
class File:
    """A file on disk, or bytes with a name for messages."""

    name: str
    path: Path | None = None
    content: bytes = b""

    def open(self) -> IO[bytes]:
        """Return it opened."""
        return io.BytesIO(self.content) if self.path is None else self.path.open("rb")

    def size(self) -> int:
        """Return how many bytes it has."""
        return len(self.content) if self.path is None else self.path.stat().st_size

    def read(self, most: int = MOST_BYTES) -> bytes:
        """Return all of it.

        Raises:
            ValueError: if it is larger than `most`.
        """
        if self.size() > most:
            raise ValueError(f"it has {self.size():,} bytes, more than {most >> 20} MiB")
        with self.open() as opened:
            return opened.read(most + 1)

    def text(self) -> str:
        """Return all of it as text; bytes that are none become marks.

        Raises:
            ValueError: if it is larger than MOST_TEXT.
        """
        return self.read(MOST_TEXT).decode("utf-8", "replace")

    def head(self, count: int = 4096) -> bytes:
        """Return the first bytes."""
        with self.open() as opened:
            return opened.read(count)


def given(what: Given) -> File:
    """Return what a reader was called with as a file.

    Raises:
        GraphFileError: if there is no such file.
    """
    if isinstance(what, bytes):
        return File("the bytes", None, what)
    path = Path(what).expanduser()
    if path.is_file():
        return File(str(what), path)
    state = "is a folder, not a file" if path.is_dir() else "does not exist"
    raise GraphFileError(f"{str(what)!r:.300} {state}. Pass the path of a model's or graph's file.")


def reader(form: str) -> Callable[[Callable[[File], Graph]], Callable[[Given], Graph]]:
    """Make a function that reads a file one that takes paths and bytes, and has one error."""

    def decorate(read: Callable[[File], Graph]) -> Callable[[Given], Graph]:
        @wraps(read)
        def guarded(what: Given) -> Graph:
            file = given(what)
            try:
                return read(file)
            except (*_DAMAGED, OSError) as error:
                raise GraphFileError(
                    f"{file.name!r:.300} cannot be read as {form}: {_reason(error)}. It may be "
                    "damaged, or of a version that this vizkit does not know: write it again."
                ) from error

        return guarded

    return decorate


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300].rstrip(".")
    return f"{type(error).__name__}: {text}" if not isinstance(error, ValueError) else text
