"""Runs by the thousand: as a table, as the names a filter leaves, and what tells them apart."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from vizkit.playback.subjects import Subject, flat
from vizkit.playback.table import Chosen, choose, table_of

from ..state import ViewerState
from .answers import as_json
from .params import Params

ROWS = 100
MOST_ROWS = 10_000


def table(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/table: a page of the runs that a filter leaves, sorted."""
    chosen = chosen_by(state, params)
    offset = params.count("offset", 0, low=0, high=1 << 31)
    limit = params.count("limit", ROWS, low=0, high=MOST_ROWS)
    columns = _columns(params)
    rows = chosen.subjects[offset : offset + limit]
    return as_json({**_counts(chosen), "rows": [_row(subject, columns) for subject in rows]})


def match(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/match: the names of the runs that a filter leaves."""
    chosen = chosen_by(state, params)
    return as_json({**_counts(chosen), "runs": [subject.run for subject in chosen.subjects]})


def columns(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/columns: every key of a config, and every metric."""
    config, metrics = table_of(state.index).columns()
    return as_json(
        {
            "config": [asdict(column) for column in config],
            "metrics": [{"tag": tag, "runs": runs} for tag, runs in metrics.items()],
        }
    )


def chosen_by(state: ViewerState, params: Params) -> Chosen:
    """Return the runs that the parameters filter, search and sort ask for."""
    return choose(
        table_of(state.index).subjects(),
        filter=params.maybe("filter"),
        search=params.maybe("search"),
        sort=params.maybe("sort"),
        descending=params.flag("desc", False),
    )


def _counts(chosen: Chosen) -> dict[str, int]:
    return {"total": chosen.total, "matched": len(chosen.subjects)}


def _columns(params: Params) -> frozenset[str] | None:
    """Return the keys and tags to be shown, None for all."""
    asked = params.many("columns")
    return frozenset(name for each in asked for name in each.split(",")) if asked else None


def _row(subject: Subject, columns: Collection[str] | None) -> dict[str, Any]:
    return {
        "run": subject.run,
        "status": subject.status,
        "started": subject.started,
        "last_step": subject.steps,
        "points": subject.points,
        "config": {
            key: value for key, value in flat(subject.config) if columns is None or key in columns
        },
        "metrics": {
            tag: {"last": summary.last, "min": summary.min, "max": summary.max}
            for tag, summary in subject.metrics.items()
            if columns is None or tag in columns
        },
    }
