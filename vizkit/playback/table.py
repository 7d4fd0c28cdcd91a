"""The runs of an index as a table: filtered, searched, sorted, and what its columns hold."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary, proxy

from vizkit.index import Index
from vizkit.index.rows import Summary
from vizkit.playback.patterns import clock, pattern
from vizkit.playback.query import parse
from vizkit.playback.subjects import Subject, flat

FRESH = 0.5
"""Seconds for which the rows of an index that grows are good."""

MANY = 20
"""Different values of a column that are told."""


@dataclass(frozen=True)
class ConfigColumn:
    """A key of the configs. kind: number, text or bool; runs: how many have it.

    values: the commonest different ones, MANY at most; distinct: how many there are. low, high: of
    finite numbers, None for other kinds.
    """

    key: str
    kind: str
    runs: int
    distinct: int
    values: tuple[Any, ...]
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Chosen:
    """The runs that were asked for, in order; total: how many there are at all."""

    total: int
    subjects: Sequence[Subject]


def choose(
    subjects: Sequence[Subject],
    *,
    filter: str | None = None,
    search: str | None = None,
    sort: str | None = None,
    descending: bool = False,
) -> Chosen:
    """Return the runs that a filter and a pattern (over names, small and capital alike) leave.

    sort: an expression of the filter language; runs without a value come last, before them NaN.

    Raises:
        UsageError: if one of them makes no sense; the text says what and where.
    """
    found = subjects
    if search:
        sought = pattern(search, ignore_case=True)
        with clock():
            found = [subject for subject in found if sought.found(subject.run)]
    if filter:
        wanted = {subject.run for subject in parse(filter).chosen(subjects)}
        found = [subject for subject in found if subject.run in wanted]
    if sort:
        found = _sorted(found, sort, descending=descending)
    return Chosen(len(subjects), found)


def config_columns(subjects: Sequence[Subject]) -> list[ConfigColumn]:
    """Return what the configs of the runs hold, by key."""
    values: dict[str, list[Any]] = {}
    for subject in subjects:
        for key, value in flat(subject.config):
            values.setdefault(key, []).append(value)
    return [_column(key, values[key]) for key in sorted(values)]


def metric_columns(subjects: Sequence[Subject]) -> dict[str, int]:
    """Return how many runs have a metric, by tag."""
    found: Counter[str] = Counter()
    for subject in subjects:
        found.update(subject.metrics.keys())
    return dict(sorted(found.items()))


class RunTable:
    """The runs of one index; rows are kept for as long as the index stays as it is."""

    def __init__(self, index: Index) -> None:
        self._index: Index = proxy(index)  # the table must not keep the index open
        self._lock = Lock()
        self._known: tuple[int, float, list[Subject]] | None = None
        self._columns: tuple[list[Subject], list[ConfigColumn], dict[str, int]] | None = None

    def subjects(self) -> list[Subject]:
        """Return all runs in the order of names, at most FRESH seconds old."""
        return self._fresh()[2]

    def stamp(self) -> tuple[int, float]:
        """Return what changes with the rows that are answered: they may lag behind the index."""
        return self._fresh()[:2]

    def columns(self) -> tuple[list[ConfigColumn], dict[str, int]]:
        """Return config_columns and metric_columns of all runs."""
        subjects = self.subjects()
        known = self._columns
        if known is None or known[0] is not subjects:
            known = (subjects, config_columns(subjects), metric_columns(subjects))
            self._columns = known
        return known[1], known[2]

    def _fresh(self) -> tuple[int, float, list[Subject]]:
        with self._lock:
            version, now = self._index.version(), time.time()
            if self._known is None or not _good(self._known, version, now):
                self._known = (version, now, _subjects(self._index, now))
            return self._known


def table_of(index: Index) -> RunTable:
    """Return the table of an index, the same for as long as that is open."""
    with _making:
        return _tables.setdefault(index, RunTable(index))


_tables: WeakKeyDictionary[Index, RunTable] = WeakKeyDictionary()
_making = Lock()


def _good(known: tuple[int, float, list[Subject]], version: int, now: float) -> bool:
    """Tell whether rows may still be shown; what is running becomes stalled by itself."""
    age = now - known[1]
    return 0 <= age < (FRESH if version != known[0] else 4 * FRESH)


def _subjects(index: Index, now: float) -> list[Subject]:
    metrics = index.summaries()
    nothing: Mapping[str, Summary] = {}
    return [
        Subject(
            run=row.name,
            status=row.status_at(now),
            started=row.started,
            steps=row.last_step,
            points=row.points,
            config=row.config,
            metrics=metrics.get(row.name, nothing),
        )
        for row in sorted(index.runs(), key=lambda row: row.name)
    ]


def _sorted(subjects: Sequence[Subject], sort: str, *, descending: bool) -> list[Subject]:
    """Sort by an expression: numbers before texts, what is not known last either way."""
    query = parse(sort)
    query.check(subjects)
    with clock():
        keyed = [(_rank(query.value(subject)), subject) for subject in subjects]
    found: list[Subject] = []
    for group in range(4):
        some = [each for each in keyed if each[0][0] == group]
        some.sort(key=lambda each: each[0][1], reverse=descending)
        found += [subject for _, subject in some]
    return found


def _rank(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)):
        return (2, 0) if value != value else (0, value)
    return (1, value) if isinstance(value, str) else (3, 0)


def _column(key: str, values: Sequence[Any]) -> ConfigColumn:
    kinds = {_kind(value) for value in values if value is not None}
    kind = kinds.pop() if len(kinds) == 1 else "text"
    plain = [value if _kind(value) != "text" or value is None else str(value) for value in values]
    counts = Counter((type(value) is bool, value) for value in plain)
    finite = [value for value in values if kind == "number" and _is_finite(value)]
    return ConfigColumn(
        key=key,
        kind=kind,
        runs=len(values),
        distinct=len(counts),
        values=tuple(value for (_, value), _ in counts.most_common(MANY)),
        low=min(finite, default=None),
        high=max(finite, default=None),
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else "text"


def _is_finite(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
