"""Every point of chosen series as a file: CSV, JSON or Parquet, nothing left out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import repeat
from typing import Any, BinaryIO

import numpy as np

from vizkit.errors import ExportError, TagNotFoundError
from vizkit.index.columns import Columns, Floats

FIELDS = ("run", "tag", "step", "wall_time", "value", "attempt")
GROUP = 1 << 20
"""Rows that are turned into text, or written as one group of Parquet, at a time."""


@dataclass(frozen=True)
class Part:
    """One series, its points in the order they were written."""

    run: str
    tag: str
    columns: Columns

    def pieces(self) -> Iterator[Part]:
        """Give the series in pieces of at most GROUP points."""
        for start in range(0, len(self.columns), GROUP):
            yield Part(self.run, self.tag, self.columns.take(slice(start, start + GROUP)))


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
    """Write series in a form: "csv", "json" or "parquet".

    Columns are run, tag, step, wall_time (seconds), value and attempt. Points of earlier attempts
    are there too. NaN and Inf are the words NaN, Infinity and -Infinity, in JSON as strings.

    Raises:
        ExportError: for another form, or for parquet without pyarrow.
    """
    write = FORMS.get(form)
    if write is None:
        raise ExportError(f"Format {form!r} is not known; use one of {', '.join(FORMS)}.")
    write(parts, out)


def _write_csv(parts: Iterable[Part], out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, "utf-8", errors="surrogateescape", newline="")
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(FIELDS)
        for part in parts:
            for piece in part.pieces():
                writer.writerows(_rows(piece))
    finally:
        text.detach()  # the file stays open for whoever opened it


def _rows(piece: Part) -> Iterator[tuple[Any, ...]]:
    columns = _lists(piece.columns)
    return zip(repeat(piece.run), repeat(piece.tag), *columns.values(), strict=False)


def _write_json(parts: Iterable[Part], out: BinaryIO) -> None:
    out.write(b"[")
    for number, part in enumerate(parts):
        record = {"run": part.run, "tag": part.tag, **_lists(part.columns)}
        text = json.dumps(record, allow_nan=False, separators=(",", ":"))
        out.write((b",\n" if number else b"\n") + text.encode())
    out.write(b"\n]\n")


def _write_parquet(parts: Iterable[Part], out: BinaryIO) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportError(
            "Format 'parquet' needs pyarrow: pip install pyarrow. csv and json need nothing."
        ) from None
    words = pa.dictionary(pa.int32(), pa.string())
    kinds = (words, words, pa.int64(), pa.float64(), pa.float64(), pa.int32())
    schema = pa.schema(list(zip(FIELDS, kinds, strict=True)))
    with pq.ParquetWriter(out, schema) as writer:
        for group in _groups(parts):
            tables = [_table(pa, piece, schema) for piece in group]
            writer.write_table(pa.concat_tables(tables).unify_dictionaries())


def _table(pa: Any, piece: Part, schema: Any) -> Any:
    zeros = np.zeros(len(piece.columns), np.int32)
    columns = piece.columns
    return pa.table(
        [
            pa.DictionaryArray.from_arrays(zeros, [piece.run]),
            pa.DictionaryArray.from_arrays(zeros, [piece.tag]),
            columns.step,
            columns.wall_time,
            columns.value,
            columns.attempt,
        ],
        schema=schema,
    )


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Give pieces in lists of about GROUP points, so that small series share a group."""
    group: list[Part] = []
    for part in parts:
        for piece in part.pieces():
            group.append(piece)
            if sum(len(each.columns) for each in group) >= GROUP:
                yield group
                group = []
    if group:
        yield group


def _lists(columns: Columns) -> dict[str, list[Any]]:
    return {
        "step": columns.step.tolist(),
        "wall_time": columns.wall_time.tolist(),
        "value": _words(columns.value),
        "attempt": columns.attempt.tolist(),
    }


def _words(values: Floats) -> list[float | str]:
    """Return the values, non-finite ones as words that every reader takes."""
    plain: list[float | str] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)).tolist():
        value = float(values[place])
        plain[place] = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return plain


def _matches(tag: str, wanted: Sequence[str]) -> bool:
    return any(tag == each or fnmatchcase(tag, each) for each in wanted)


FORMS: Mapping[str, Callable[[Iterable[Part], BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
