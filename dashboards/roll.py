"""The list of runs as the tabs know it, and what of it has changed since."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from vizkit.index import Index
from vizkit.index.rows import RunRow

from .api.runs import summary
from .state import status_of

MOST_ROWS = 200
"""Changed runs up to which their rows are sent; for more, clients read the list anew."""


@dataclass(frozen=True)
class Moved:
    """What changed in the list of runs.

    Attributes:
        changed: the rows of runs that came or changed, as /api/v1/runs has them; None where there
            are too many.
        gone: names of runs that are no more.
        new_tags: names of runs that have new series.
    """

    changed: list[dict[str, Any]] | None = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    new_tags: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.changed is None or bool(self.changed or self.gone)


class Roll:
    """Remembers each run as it was told last. Used by one thread at a time."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, tuple[RunRow, str]] = {}

    def running(self) -> list[str]:
        """Return the runs that were running when last seen: those may stall without a word."""
        return [name for name, (_, status) in self._known.items() if status == "running"]

    def look(self, names: Collection[str] | None = None) -> Moved:
        """Look again at some runs or at all of them; return what changed."""
        now = time.time()
        rows = self._index.runs(names)
        found = {row.name for row in rows}
        gone = [n for n in (self._known if names is None else names) if n not in found]
        gone = [name for name in gone if self._known.pop(name, None)]
        changed = [(row, *self._note(row, now)) for row in rows]
        moved = [row for row, differs, _ in changed if differs]
        return Moved(
            changed=None if len(moved) > MOST_ROWS else _rows(moved, now),
            gone=gone,
            new_tags=[row.name for row, _, more in changed if more],
        )

    def _note(self, row: RunRow, now: float) -> tuple[bool, bool]:
        """Remember a row; return whether it differs from the one known, and has more series."""
        known = self._known.get(row.name)
        status = status_of(row, now)
        self._known[row.name] = row, status
        return known != (row, status), known is None or known[0].n_tags != row.n_tags


def _rows(rows: Iterable[RunRow], now: float) -> list[dict[str, Any]]:
    return [summary(row, now) for row in rows]
