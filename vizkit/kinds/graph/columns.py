"""Records of one kind as columns: compact as JSON, and readable by other versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

T = TypeVar("T")


def to_columns(records: Sequence[Any], kind: type, coded: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of dataclass records as columns; those of only defaults are left out.

    Columns named in `coded` hold few different values: they become a list of these and indexes.
    """
    columns: dict[str, Any] = {"count": len(records)}
    for each in fields(kind):
        column = list(map(attrgetter(each.name), records))
        if any(value != each.default for value in column):
            columns[each.name] = _coded(column) if each.name in coded else column
    return columns


def from_columns(
    columns: Mapping[str, Any], kind: Callable[..., T], readers: Mapping[str, Callable[[Any], Any]]
) -> tuple[T, ...]:
    """Return the records; columns that `kind` does not know are left out.

    `readers`: what turns a JSON value of a column back into the field's, where that differs.

    Raises:
        ValueError: if the columns are not of one length.
    """
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    names = [name for name in columns if name in known]
    values = [_column(columns[name], readers.get(name)) for name in names]
    count = columns["count"]
    if any(len(column) != count for column in values):
        raise ValueError(f"columns are not all of {count} records")
    if not values:
        return ()
    rows = zip(*values, strict=True)
    return tuple(kind(**dict(zip(names, row, strict=True))) for row in rows)


def shapes_of(value: Any) -> tuple[tuple[Any, ...], ...]:
    """Return JSON's list of lists as tuples: shapes, or (name, value) of attributes."""
    return tuple(tuple(each) for each in value)


def _coded(column: list[Any]) -> dict[str, Any]:
    places: dict[Any, int] = {}
    indexes = [places.setdefault(value, len(places)) for value in column]
    return {"values": list(places), "at": indexes}


def _column(column: Any, reader: Callable[[Any], Any] | None) -> list[Any]:
    if isinstance(column, dict):
        values = [reader(value) if reader else value for value in column["values"]]
        return [values[at] for at in column["at"]]
    return [reader(value) for value in column] if reader else list(column)
