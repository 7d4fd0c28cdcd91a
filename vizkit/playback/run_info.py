"""What a run is now: its status, config, steps and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vizkit.events.status import process_alive, status
from vizkit.index.rows import RunFacts
from vizkit.playback.runreader import RunReader


@dataclass(frozen=True)
class RunInfo:
    """A run as it is now. Times in seconds since 1970; None where nothing is known.

    name: its folder, relative to LOGDIR. status: "running", "finished", "failed" or "stalled".
    config: as logged, or the hyperparameters another writer recorded. points: of all series.
    attempts: how often the training was started over, and the first time.
    """

    name: str
    status: str
    started: float | None
    ended: float | None
    config: Mapping[str, Any]
    environment: Mapping[str, Any]
    first_step: int | None
    last_step: int | None
    total_steps: int | None
    tags: tuple[str, ...]
    points: int
    attempts: int
    error: str | None = None


def run_info(name: str, reader: RunReader, now: float) -> RunInfo:
    """Return what is known of a run at `now`, in seconds since 1970."""
    facts, (first_wall, _), steps = reader.facts, reader.wall_times, reader.steps
    return RunInfo(
        name=name,
        status=_status(facts, reader, now),
        started=first_wall if facts.started is None else facts.started,
        ended=facts.ended,
        config=facts.config,
        environment=facts.environment,
        first_step=steps[0],
        last_step=steps[1],
        total_steps=facts.total_steps,
        tags=tuple(reader.tags),
        points=reader.points,
        attempts=reader.attempts,
        error=facts.error,
    )


def _status(facts: RunFacts, reader: RunReader, now: float) -> str:
    last_wall = reader.wall_times[1]
    if facts.status is None:
        return status(None, max(last_wall or 0.0, reader.files.changed()), now)
    where = facts.environment
    host, pid = str(where.get("host") or ""), int(where.get("pid") or 0)
    alive = process_alive(host, pid, float(where.get("started") or 0.0))
    return status(facts.status, last_wall, now, writer_alive=alive)
