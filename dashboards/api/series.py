"""Numbers: one series in a window, many layers by steps, all series at the playhead."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from vizkit.playback.at import at as read_at
from vizkit.playback.at import seen_at
from vizkit.playback.frame import AXES
from vizkit.playback.heatmap import Heatmap
from vizkit.playback.heatmap import heatmap as read_heatmap
from vizkit.playback.window import Window
from vizkit.playback.window import window as read_window

from .. import wire
from ..state import ViewerState
from .answers import BINARY, as_binary, as_json
from .params import Params

FORMATS = ("json", "binary")
MAX_POINTS = 2000
MOST_POINTS = 1_000_000
COLUMNS = 600
MOST_COLUMNS = 4000


def series(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/series: the points of one series that a chart of a given width can show."""
    run, tag = params.text("run"), params.text("tag")
    window = read_window(
        state.index,
        run,
        tag,
        x_min=params.number("x_min"),
        x_max=params.number("x_max"),
        until=params.number("until"),
        max_points=params.count("max_points", MAX_POINTS, low=4, high=MOST_POINTS),
        axis=params.choice("axis", AXES),
    )
    if _wants_binary(params):
        return as_binary(_packed_window(window))
    return as_json({"run": run, "tag": tag, **_plain_window(window)})


def heatmap(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/heatmap: every series of a prefix as a row, steps in columns."""
    found = read_heatmap(
        state.index,
        params.text("run"),
        params.text("prefix"),
        columns=params.count("columns", COLUMNS, low=1, high=MOST_COLUMNS),
        x_min=params.number("x_min"),
        x_max=params.number("x_max"),
        until=params.number("until"),
    )
    if _wants_binary(params):
        return as_binary(_packed_heatmap(found))
    return as_json({**_heatmap_header(found), "step": found.step, "value": list(found.value)})


def at(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/at: the value of every series at the playhead; with `steps=1` its step too."""
    read = seen_at if params.flag("steps", False) else read_at
    until, prefix = params.number("until"), params.maybe("prefix")
    return as_json(read(state.index, params.text("run"), until, prefix))


def _wants_binary(params: Params) -> bool:
    asked = params.maybe("format") and params.choice("format", FORMATS)
    return (asked or ("binary" if BINARY in params.accept else "json")) == "binary"


def _plain_window(window: Window) -> dict[str, Any]:
    return {
        "step": window.step,
        "wall_time": window.wall_time,
        "value": window.value,
        "points": window.points,
        "exact": window.exact,
        "total": window.total,
        "nonfinite": window.nonfinite,
        "ghosts": [
            {
                "attempt": ghost.attempt,
                "step": ghost.step,
                "wall_time": ghost.wall_time,
                "value": ghost.value,
            }
            for ghost in window.ghosts
        ],
    }


def window_header(window: Window) -> dict[str, Any]:
    """Return what goes before the columns of a window in binary answers."""
    return {
        "points": window.points,
        "exact": window.exact,
        "total": window.total,
        "n": len(window.step),
        "nonfinite": window.nonfinite,
        "ghosts": [{"attempt": ghost.attempt, "n": len(ghost.step)} for ghost in window.ghosts],
    }


def window_columns(window: Window) -> list[wire.Array]:
    """Return the columns of a window in binary answers: its own, then those of each ghost."""
    columns = [window.step, window.wall_time, window.value]
    for ghost in window.ghosts:
        columns += [ghost.step, ghost.wall_time, ghost.value]
    return columns


def _packed_window(window: Window) -> bytes:
    return wire.pack_columns(window_header(window), map(wire.f64, window_columns(window)))


def _heatmap_header(found: Heatmap) -> dict[str, Any]:
    return {
        "names": found.names,
        "columns": len(found.step),
        "rows": len(found.names),
        "first_step": found.first_step,
        "last_step": found.last_step,
    }


def _packed_heatmap(found: Heatmap) -> bytes:
    columns = (wire.f64(found.step), wire.f32(found.value), wire.u8(found.nonfinite))
    return wire.pack_columns(_heatmap_header(found), columns)
