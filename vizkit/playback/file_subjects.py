"""Runs as filters see them, read straight from their event files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from vizkit.index.rows import Summary
from vizkit.playback.logdir import Logdir
from vizkit.playback.run_info import RunInfo
from vizkit.playback.runreader import Series
from vizkit.playback.subjects import Subject


def subject_of(logdir: Logdir, info: RunInfo) -> Subject:
    """Return a run for filters; of its metrics only those that are asked for are looked at."""
    return Subject(
        run=info.name,
        status=info.status,
        started=info.started,
        steps=info.last_step,
        points=info.points,
        config=info.config,
        metrics=_Metrics(logdir, info),
    )


def summary_of(series: Series) -> Summary:
    """Return the summary of a series that has points."""
    every = series.all
    finite = every.value[np.isfinite(every.value)]
    return Summary(
        points=len(every),
        first_step=int(every.step.min()),
        last_step=int(every.step.max()),
        first_wall=float(np.fmin.reduce(every.wall_time)),
        last_wall=float(np.fmax.reduce(every.wall_time)),
        last=float(series.value[-1]),
        min=float(finite.min()) if len(finite) else np.nan,
        max=float(finite.max()) if len(finite) else np.nan,
        nonfinite=len(every) - len(finite),
    )


class _Metrics(Mapping[str, Summary]):
    """The metrics of a run, by tag."""

    def __init__(self, logdir: Logdir, info: RunInfo) -> None:
        self._logdir, self._run, self._tags = logdir, info.name, info.tags

    def __len__(self) -> int:
        return len(self._tags)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags

    def __getitem__(self, tag: str) -> Summary:
        if tag not in self._tags:
            raise KeyError(tag)
        return summary_of(self._logdir.series(self._run, tag))
