"""What the index tells of runs, series and payloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from vizkit.events.status import process_alive, status


@dataclass(frozen=True)
class RunFacts:
    """What a run said about itself; everything is empty for runs of other writers.

    status: "running", "finished" or "failed" as last recorded, None where nothing was.
    started, ended, alive: seconds since 1970; alive is the latest sign of life.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    start_step: int = 0
    total_steps: int | None = None
    status: str | None = None
    error: str | None = None
    started: float | None = None
    ended: float | None = None
    alive: float | None = None
    lost_records: int = 0


@dataclass(frozen=True)
class RunRow:
    """A run. Steps and times are None before its first point; times in seconds since 1970."""

    name: str
    first_step: int | None
    last_step: int | None
    first_wall_time: float | None
    last_wall_time: float | None
    points: int
    n_tags: int
    attempts: int
    facts: RunFacts = RunFacts()

    @property
    def config(self) -> Mapping[str, Any]:
        """Return the configuration, or the hyperparameters that another writer recorded."""
        return self.facts.config

    @property
    def environment(self) -> Mapping[str, Any]:
        """Return command, host, versions and so on."""
        return self.facts.environment

    @property
    def total_steps(self) -> int | None:
        """Return how many steps the run means to take, if it said so."""
        return self.facts.total_steps

    @property
    def started(self) -> float | None:
        """Return when the run began."""
        return self.first_wall_time if self.facts.started is None else self.facts.started

    @property
    def ended(self) -> float | None:
        """Return when the run said that it ended."""
        return self.facts.ended

    def status_at(self, now: float) -> str:
        """Return running, finished, failed or stalled; asks the system whether its process lives.

        now: seconds since 1970.
        """
        signs = [t for t in (self.facts.alive, self.last_wall_time, self.started) if t is not None]
        said, last_sign = self.facts.status, max(signs, default=None)
        return status(said, last_sign, now, writer_alive=self._writer_alive())

    def _writer_alive(self) -> bool | None:
        known = self.facts.environment
        if not known or self.facts.status != "running":
            return None
        return process_alive(known["host"], known["pid"], known["started"])


class Summary(NamedTuple):
    """What a table shows of a series; all of it exact.

    first_step to last_wall: of all attempts. last: the value at the highest step of the latest
    attempt, of several the latest. min, max: of the finite values, NaN where there are none.
    nonfinite: how many values are NaN or infinite.
    """

    points: int
    first_step: int
    last_step: int
    first_wall: float
    last_wall: float
    last: float
    min: float
    max: float
    nonfinite: int


@dataclass(frozen=True)
class SeriesRow:
    """A series. kind: "scalar" or "vector"; a vector's has its group ("grad_norm/*") and position.

    last: value at the highest step, of the latest attempt. min, max: of the finite values, all
    attempts; NaN where there are none. nonfinite: how many values are NaN or infinite.
    """

    tag: str
    kind: str
    points: int
    first_step: int
    last_step: int
    first_wall: float
    last_wall: float
    last: float
    min: float
    max: float
    nonfinite: int
    group: str | None = None
    position: int | None = None


@dataclass(frozen=True)
class PayloadRow:
    """A record other than a scalar: where it lies, and its bytes if the index keeps them.

    file: path relative to LOGDIR/run. data: the serialized value, or None: see Index.content.
    """

    run: str
    file: str
    tag: str
    plugin: str
    step: int
    wall_time: float
    offset: int
    length: int
    data: bytes | None = None
