"""The runs of a LOGDIR, and what their series are called."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from vizkit.errors import RunNotFoundError
from vizkit.index.rows import RunRow
from vizkit.version import __version__

from ..state import ViewerState, status_of
from .answers import as_json
from .params import Params
from .table import chosen_by


def health(state: ViewerState, params: Params) -> Response:
    """Answer /healthz: that this is vizkit, and which."""
    return as_json({"status": "ok", "app": "vizkit", "version": __version__})


def runs(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/runs: all runs, with the names of their series unless `tags=0`.

    `filter` and `search` leave some of them.
    """
    with_tags, now = params.flag("tags", True), time.time()
    rows = sorted(state.index.runs(), key=lambda row: row.name)
    if params.maybe("filter") or params.maybe("search"):
        left = {subject.run for subject in chosen_by(state, params).subjects}
        rows = [row for row in rows if row.name in left]
    return as_json([{**_tag_names(state, row, with_tags), **summary(row, now)} for row in rows])


def run(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/run: all that is known about one run."""
    name = params.text("run")
    row = next((row for row in state.index.runs() if row.name == name), None)
    if row is None:
        raise RunNotFoundError(f"No run {name!r} under {str(state.logdir)!r}.")
    told = {
        "environment": row.environment,
        "error": row.facts.error,
        "lost_records": row.facts.lost_records,
        "problems": state.problems(name),
    }
    return as_json({**_tag_names(state, row, True), **summary(row, time.time()), **told})


def problems(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/problems: every file that could not be read whole, and why."""
    return as_json([asdict(problem) for problem in state.ingest.problems()])


def tags(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/tags: every series of a run, with its ends and extremes."""
    return as_json([asdict(row) for row in state.index.tags(params.text("run"))])


def summary(row: RunRow, now: float) -> dict[str, Any]:
    """Return what the list of runs says about one; `now` (seconds) decides what is stalled."""
    return {
        "run": row.name,
        "n_tags": row.n_tags,
        "first_step": row.first_step,
        "last_step": row.last_step,
        "started": row.started,
        "ended": row.ended,
        "status": status_of(row, now),
        "points": row.points,
        "config": row.config,
        "total_steps": row.total_steps,
        "attempts": row.attempts,
    }


def _tag_names(state: ViewerState, row: RunRow, wanted: bool) -> dict[str, list[str]]:
    if not wanted:
        return {}
    try:
        return {"tags": state.index.tag_names(row.name)}
    except RunNotFoundError:  # its folder has just been removed
        return {"tags": []}
