"""What is told of series without reading a chunk: rows of a list, and summaries of whole runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from vizkit.index.catalog import RunState
from vizkit.index.lane import Lane
from vizkit.index.rows import SeriesRow, Summary
from vizkit.index.tally import TALLY, Tallies, added, merged, parsed

_FIELDS = (
    "rows",
    "first_step",
    "last_step",
    "wall_lo",
    "wall_hi",
    "last",
    "low",
    "high",
    "odd",
)


def series_rows(run: RunState) -> list[SeriesRow]:
    """Return a row for each series of a run, in the order they appeared."""
    rows = []
    for tag, summary in summaries([run])[run.name].items():
        lane, position = run.series[tag][-1]
        if lane.key.names is None:
            rows.append(SeriesRow(tag, "scalar", *summary))
        else:
            rows.append(SeriesRow(tag, "vector", *summary, lane.key.tag, position))
    return rows


def summaries(runs: Sequence[RunState]) -> dict[str, Mapping[str, Summary]]:
    """Return the summaries of each run's series by run and tag; what did not grow is kept."""
    stale = [run for run in runs if run.told[0] != run.totals.points]
    count(lane for run in stale for lane in run.lanes)
    tallies = parsed([lane.tally for run in stale for lane in run.lanes])
    told = _summaries(tallies)
    for run in stale:
        tags = list(chain.from_iterable(lane.series for lane in run.lanes))
        found = dict(zip(tags, islice(told, len(tags)), strict=True))
        if len(found) < len(tags):
            found = _of_many_lanes(run)
        run.told = (run.totals.points, found)
    return {run.name: run.told[1] for run in runs}


def count(lanes: Iterable[Lane]) -> None:
    """Bring the tallies of lanes up to date."""
    behind = [lane for lane in lanes if lane.tallied < lane.rows]
    scalars = [lane for lane in behind if lane.width == 1]
    for same in ([scalars] if scalars else []) + [[lane] for lane in behind if lane.width > 1]:
        tallies = added([lane.tally for lane in same], [lane.uncounted() for lane in same])
        for lane, tally in zip(same, tallies, strict=True):
            lane.tally, lane.tallied = tally, lane.rows


def _of_many_lanes(run: RunState) -> dict[str, Summary]:
    """Return the summaries of a run some of whose series are in several lanes."""
    size = TALLY.itemsize
    found = {}
    for tag, strands in run.series.items():
        parts = [lane.tally[size * place : size * (place + 1)] for lane, place in strands]
        (found[tag],) = _summaries(merged(parsed(parts)))
    return found


def _summaries(tallies: Tallies) -> Iterator[Summary]:
    columns = [tallies[name].tolist() for name in _FIELDS]
    return map(Summary._make, zip(*columns, strict=True))
