"""What an index amounts to: its size, and how much of a LOGDIR is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vizkit.errors import IndexBrokenError, NoRunsError
from vizkit.events.batch import TailState
from vizkit.events.discover import find_runs
from vizkit.index import schema
from vizkit.index.database import Database
from vizkit.index.loading import Loaded
from vizkit.index.place import named_database
from vizkit.index.store import Store


@dataclass(frozen=True)
class Figures:
    """Sizes in bytes. indexed, total: of the event files. held: whether a server writes it."""

    where: str
    version: int
    size: int
    runs: int
    series: int
    points: int
    indexed: int
    total: int
    held: bool

    @property
    def bytes_per_point(self) -> float:
        """Return how much a point takes; 0 where there is none."""
        return self.size / self.points if self.points else 0.0


def figures_of(logdir: Path, url: str | None) -> Figures:
    """Return what the index of a LOGDIR amounts to; reads no points.

    Raises:
        NoRunsError: if there is no index yet.
        IndexBrokenError: if it is damaged or of another version.
    """
    database = existing(logdir, url)
    try:
        kept = loaded(database)
        held = not database.claim()
        indexed, total = coverage(logdir, kept.states)
        return Figures(
            where=database.where,
            version=schema.VERSION,
            size=database.size(),
            runs=len(kept.runs),
            series=sum(len(run.series) for run in kept.runs.values()),
            points=sum(run.totals.points for run in kept.runs.values()),
            indexed=indexed,
            total=total,
            held=held,
        )
    finally:
        database.close()


def existing(logdir: Path, url: str | None) -> Database:
    """Return the database of an index that is there.

    Raises:
        NoRunsError: if there is none.
    """
    database = named_database(logdir, url)
    if not database.exists():
        database.close()
        raise NoRunsError(
            f"There is no index of {str(logdir)!r} in {database.where!r} yet; "
            "`vizkit serve` or `vizkit index rebuild` makes it."
        )
    return database


def loaded(database: Database) -> Loaded:
    """Return what a database holds, without its points.

    Raises:
        IndexBrokenError: if it is damaged or of another version.
    """
    database.check()
    return Loaded(database, Store(database, IndexBrokenError))


def coverage(logdir: Path, states: dict[tuple[str, str], TailState]) -> tuple[int, int]:
    """Return how many bytes of the event files are indexed, and how many there are."""
    indexed = total = 0
    for run, names in find_runs(logdir).runs.items():
        for name in names:
            size = _size(logdir / run / name)
            state = states.get((run, name))
            indexed += min(size, state.offset) if state is not None else 0
            total += size
    return indexed, total


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has just been removed, or is a link that leads nowhere
        return 0
