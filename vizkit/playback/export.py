"""Every point of chosen series as a file: CSV, JSON or Parquet, nothing left out.

Files are made piece by piece, so that a series of any length takes little memory.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, BinaryIO

import numpy as np

from vizkit.errors import ExportError, TagNotFoundError
from vizkit.index.columns import Columns, joined
from vizkit.index.view import SeriesView

FIELDS = ("run", "tag", "step", "wall_time", "value", "attempt")
ROWS = 1 << 15
"""Points that are turned into text at a time."""

GROUP = 1 << 18
"""Rows of a group of Parquet, about."""


@dataclass(frozen=True)
class Part:
    """One series. read: gives its points in the order they were written; may be called again."""

    run: str
    tag: str
    read: Callable[[], Iterable[Columns]]

    @classmethod
    def of(cls, run: str, tag: str, view: SeriesView) -> Part:
        """Return a series as it stands in an index."""
        return cls(run, tag, view.parts)

    def pieces(self) -> Iterator[Columns]:
        """Give the points in pieces of about ROWS."""
        waiting: list[Columns] = []
        count = 0
        for columns in self.read():
            waiting.append(columns)
            count += len(columns)
            if count >= ROWS:
                yield joined(waiting)
                waiting, count = [], 0
        if count:
            yield joined(waiting)


def choose(tags_of: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> list[tuple[str, str]]:
    """Return the (run, tag) pairs to export; `wanted` holds tags or patterns, nothing means all.

    Raises:
        TagNotFoundError: if one of them is in no run.
    """
    pairs = [(run, tag) for run, tags in tags_of.items() for tag in tags]
    chosen = [(run, tag) for run, tag in pairs if not wanted or _matches(tag, wanted)]
    for each in wanted:
        if not any(_matches(tag, [each]) for _, tag in chosen):
            raise TagNotFoundError(
                f"No series {each!r} in {', '.join(map(repr, tags_of)) or 'any run'}. "
                "`vizkit runs LOGDIR --tags` names them all."
            )
    return chosen


def export(parts: Iterable[Part], form: str, out: BinaryIO) -> None:
    """Write series to a file; see `exported`."""
    for piece in exported(parts, form):
        out.write(piece)


def exported(parts: Iterable[Part], form: str) -> Iterator[bytes]:
    """Give a file in a form ("csv", "json" or "parquet"), piece by piece.

    Columns are run, tag, step, wall_time (seconds), value and attempt. Points of earlier attempts
    are there too. NaN and Inf are the words NaN, Infinity and -Infinity, in JSON as strings.

    Raises:
        ExportError: at once, for another form, or for parquet without pyarrow.
    """
    make = FORMS.get(form)
    if make is None:
        raise ExportError(f"Format {form!r} is not known; use one of {', '.join(FORMS)}.")
    return make(parts)


def _csv(parts: Iterable[Part]) -> Iterator[bytes]:
    yield _line(FIELDS).encode() + b"\n"
    for part in parts:
        head = _line((part.run, part.tag))
        for columns in part.pieces():
            rows = zip(*(_words(column) for column in _columns(columns).values()), strict=True)
            text = "".join([f"{head},{s},{w},{v},{a}\n" for s, w, v, a in rows])
            yield text.encode("utf-8", "surrogateescape")


def _line(texts: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(texts)
    return out.getvalue()


def _json(parts: Iterable[Part]) -> Iterator[bytes]:
    yield b"["
    for number, part in enumerate(parts):
        names = json.dumps({"run": part.run, "tag": part.tag}, separators=(",", ":"))
        yield (",\n" if number else "\n").encode() + names[:-1].encode()
        for field in FIELDS[2:]:
            yield f',"{field}":['.encode()
            for place, columns in enumerate(part.pieces()):
                plain = _words(_columns(columns)[field])
                text = json.dumps(plain, allow_nan=False, separators=(",", ":"))[1:-1]
                yield b"," * bool(place) + text.encode()
            yield b"]"
        yield b"}"
    yield b"\n]\n"


def _parquet(parts: Iterable[Part]) -> Iterator[bytes]:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ExportError(
            "Format 'parquet' needs pyarrow: pip install pyarrow. csv and json need nothing."
        ) from None
    return _parquet_pieces(parts)


def _parquet_pieces(parts: Iterable[Part]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.dictionary(pa.int32(), pa.string())
    kinds = (words, words, pa.int64(), pa.float64(), pa.float64(), pa.int32())
    schema = pa.schema(list(zip(FIELDS, kinds, strict=True)))
    out = _Pieces()
    with pq.ParquetWriter(out, schema) as writer:
        for group in _groups(parts):
            tables = [_table(pa, part, columns, schema) for part, columns in group]
            writer.write_table(pa.concat_tables(tables).unify_dictionaries())
            yield out.taken()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """A file whose content is taken away as it is written."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        self._waiting.append(bytes(data))
        self._size += len(self._waiting[-1])
        return len(self._waiting[-1])

    def close(self) -> None:
        """Stay open: what was written is still to be taken."""

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        pieces, self._waiting = self._waiting, []
        return b"".join(pieces)


def _table(pa: Any, part: Part, columns: Columns, schema: Any) -> Any:
    zeros = np.zeros(len(columns), np.int32)
    return pa.table(
        [
            pa.DictionaryArray.from_arrays(zeros, [part.run]),
            pa.DictionaryArray.from_arrays(zeros, [part.tag]),
            *_columns(columns).values(),
        ],
        schema=schema,
    )


def _groups(parts: Iterable[Part]) -> Iterator[list[tuple[Part, Columns]]]:
    """Give pieces in lists of about GROUP points, so that small series share a group."""
    group: list[tuple[Part, Columns]] = []
    count = 0
    for part in parts:
        for columns in part.pieces():
            group.append((part, columns))
            count += len(columns)
            if count >= GROUP:
                yield group
                group, count = [], 0
    if group:
        yield group


def _columns(columns: Columns) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns of a file behind run and tag."""
    return {name: getattr(columns, name) for name in FIELDS[2:]}


def _words(column: np.ndarray[Any, Any]) -> list[Any]:
    """Return the numbers, non-finite ones as words that every reader takes."""
    plain: list[Any] = column.tolist()
    if column.dtype.kind == "f":
        for place in np.flatnonzero(~np.isfinite(column)).tolist():
            value = plain[place]
            plain[place] = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return plain


def _matches(tag: str, wanted: Sequence[str]) -> bool:
    return any(tag == each or fnmatchcase(tag, each) for each in wanted)


FORMS: Mapping[str, Callable[[Iterable[Part]], Iterator[bytes]]] = {
    "csv": _csv,
    "json": _json,
    "parquet": _parquet,
}
