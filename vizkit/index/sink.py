"""What ingest asks of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vizkit.events.batch import Batch, TailState

Changed = set[tuple[str, str]]
"""Series as (run, tag)."""


class Sink(Protocol):
    """What ingest asks of an index."""

    def append(self, run: str, file: str, batch: Batch, state: TailState) -> Changed:
        """Take a batch and the state behind it; return the series that changed."""

    def tail_states(self) -> Mapping[tuple[str, str], TailState]:
        """Return where reading ended, by (run, file)."""

    def forget(self, run: str) -> None:
        """Drop a run."""
