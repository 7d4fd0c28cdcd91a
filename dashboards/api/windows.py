"""Many series in one answer: their windows, and groups of runs as bands."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from vizkit.playback.bands import Band
from vizkit.playback.bands import bands as read_bands
from vizkit.playback.frame import AXES
from vizkit.playback.window import Window
from vizkit.playback.windows import windows as read_windows

from .. import wire
from ..state import ViewerState
from .answers import as_binary
from .body import Body
from .params import Params
from .problems import Problem
from .series import COLUMNS, MAX_POINTS, MOST_COLUMNS, MOST_POINTS, window_columns, window_header

MOST_SERIES = 10_000
MOST_RUNS = 100_000
MOST_VALUES = 20_000_000
"""Points that all windows of an answer may have together, as far as max_points tells."""


def windows(state: ViewerState, params: Params) -> Response:
    """Answer POST /api/v1/windows: many series as /api/v1/series answers one."""
    body = Body.of(params)
    series = [_pair(each) for each in body.rows("series", MOST_SERIES)]
    params = body.params
    most = params.count("max_points", MAX_POINTS, low=4, high=MOST_POINTS)
    if most * len(series) > MOST_VALUES:
        raise Problem(
            f"{len(series)} series of {most} points are too many for one answer.",
            "Ask for fewer series at once, or for fewer points.",
        )
    found = read_windows(
        state.index,
        series,
        x_min=params.number("x_min"),
        x_max=params.number("x_max"),
        until=params.number("until"),
        max_points=most,
        axis=params.choice("axis", AXES),
    )
    header = {
        "series": [_window_header(*each) for each in found.items()],
        "missing": [each for each in dict.fromkeys(series) if each not in found],
    }
    columns = [column for window in found.values() for column in window_columns(window)]
    return as_binary(wire.pack_columns(header, map(wire.f64, columns)))


def bands(state: ViewerState, params: Params) -> Response:
    """Answer POST /api/v1/bands: groups of runs, each as one line with its spread."""
    body = Body.of(params)
    params = body.params
    groups = dict(_group(each) for each in body.rows("groups", MOST_SERIES))
    if sum(map(len, groups.values())) > MOST_RUNS:
        raise Problem("The groups hold too many runs.", f"Ask for at most {MOST_RUNS} at once.")
    found = read_bands(
        state.index,
        params.text("tag"),
        groups,
        x_min=params.number("x_min"),
        x_max=params.number("x_max"),
        until=params.number("until"),
        axis=params.choice("axis", AXES),
        columns=params.count("columns", COLUMNS, low=1, high=MOST_COLUMNS),
    )
    header = {"groups": [_band_header(*each) for each in found.items()]}
    columns = [column for band in found.values() for column in _band_columns(band)]
    return as_binary(wire.pack_columns(header, map(wire.f64, columns)))


def _window_header(series: tuple[str, str], window: Window) -> dict[str, Any]:
    run, tag = series
    return {"run": run, "tag": tag, **window_header(window)}


def _band_header(key: str, band: Band) -> dict[str, Any]:
    return {"key": key, "n": len(band.x), "runs": band.runs, "nonfinite": band.nonfinite}


def _band_columns(band: Band) -> tuple[wire.Array, ...]:
    return (band.x, band.mean, band.std, band.low, band.high, band.median, band.count)


def _pair(given: Any) -> tuple[str, str]:
    if isinstance(given, list) and [type(each) for each in given] == [str, str]:
        return (given[0], given[1])
    raise Problem(f"{given!r:.200} is no series.", 'Write each series as ["run", "tag"].')


def _group(given: Any) -> tuple[str, list[str]]:
    key, runs = (given.get("key"), given.get("runs")) if isinstance(given, dict) else (None, None)
    if isinstance(key, str) and isinstance(runs, list) and all(type(run) is str for run in runs):
        return key, runs
    raise Problem(
        f"{given!r:.200} is no group.", 'Write each group as {"key": "name", "runs": ["run"]}.'
    )
