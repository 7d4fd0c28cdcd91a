"""The tags of many runs in one answer, each name written once."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from vizkit.errors import RunNotFoundError
from vizkit.index import Index

from ..state import ViewerState
from .answers import as_json
from .body import Body
from .params import Params
from .problems import Problem

MOST_RUNS = 10_000

Name = tuple[str, str | None, int | None]
"""A tag, the vector that it is part of, and its place there."""


def tag_lists(state: ViewerState, params: Params) -> Response:
    """Answer POST /api/v1/tags: what the series of some runs are called; no values."""
    wanted = Body.of(params).rows("runs", MOST_RUNS)
    if not all(isinstance(run, str) for run in wanted):
        raise Problem("runs holds something else than names.", 'Send {"runs": ["a", "b"]}.')
    places: dict[Name, int] = {}
    runs = {run: _places(places, names) for run in wanted if (names := _names(state.index, run))}
    return as_json({"tags": list(places), "runs": runs})


def _names(index: Index, run: str) -> list[Name] | None:
    try:
        return [(row.tag, row.group, row.position) for row in index.tags(run)]
    except RunNotFoundError:
        return None


def _places(places: dict[Name, int], names: list[Name]) -> list[Any]:
    return [places.setdefault(name, len(places)) for name in names]
