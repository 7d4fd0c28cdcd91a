"""The graphs that a run really ran: its versions, when each ran, and each as columns."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from vizkit.errors import RunNotFoundError
from vizkit.index.rows import PayloadRow, RunRow
from vizkit.kinds.graph.ranges import to_json
from vizkit.playback.graphs import GraphVersion
from vizkit.playback.graphs_document import FORMS, ROLLED
from vizkit.playback.graphs_log import graph_log
from vizkit.playback.graphs_run import Head, RunGraphs

from ..state import ViewerState
from .answers import as_json
from .params import Params
from .problems import Problem

MOST_VERSIONS = 1 << 20


def graphs(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/graphs: the versions known at `until`, and which ran when."""
    run, until = run_of(state, params), params.number("until")
    known = graph_log(state.index).of(run.name)
    versions = known.versions_at(until, run.last_step or 0)
    looks = known.looks_at(until)
    trees = [row for row in known.trees if until is None or row.step <= until]
    turns = known.thin_turns
    now = bisect_right(turns.steps, math.inf if until is None else until)
    return as_json(
        {
            "versions": [_version(each, known, looks) for each in versions],
            "turns": {"step": turns.steps[:now], "version": turns.versions[:now]},
            "exact": turns.is_exact and turns is known.turns,
            "unseen": known.unseen_at(until),
            "current": known.current(until),
            "logged": [_logged(head) for head in known.logged_at(until).values()],
            "tree": bool(trees),
            "tree_key": key_of(trees[-1]) if trees else None,
            "broken": known.broken,
        }
    )


def captured(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/graph with `form`, `version` or `tag`: one graph, or two as one."""
    run, until = run_of(state, params), params.number("until")
    known = graph_log(state.index).of(run.name)
    form = params.choice("form", FORMS)
    head = _asked(known, params, "version", "tag", until)
    if head is None:
        head = known.best.get(known.current(until) or 0)
    if head is None:
        raise Problem(f"Run {run.name!r} ran no recorded graph up to there.", _WATCH, 404)
    other = _asked(known, params, "against", "against_tag", until)
    try:
        record = graph_log(state.index).document(head, form, other)
    except ValueError as error:
        raise Problem(f"A graph of run {run.name!r} cannot be read: {error}", _DOCTOR) from error
    seen = known.ranges_at(head.rolled, until) if form == ROLLED else {}
    key = ":".join([form, _key(head), *([_key(other)] if other else [])])
    told = {"key": key, "ranges": to_json(seen)}
    if other is not None:
        told["diff"] = {"against": _key(other), **record["diff"]}
    return as_json({**record, **told})


_WATCH = "vizkit.watch(model, optimizer) records one; /api/v1/graphs lists what there is."
_DOCTOR = "Its file may be damaged: `vizkit doctor LOGDIR`."


def run_of(state: ViewerState, params: Params) -> RunRow:
    """Return the run that is asked for.

    Raises:
        RunNotFoundError: if there is none of that name.
    """
    name = params.text("run")
    found = state.index.runs([name])
    if not found:
        raise RunNotFoundError(f"No run {name!r} under {str(state.logdir)!r}.")
    return found[0]


def _version(version: GraphVersion, known: RunGraphs, looks: Mapping[str, int]) -> dict[str, Any]:
    told = asdict(version)
    del told["ranges"]
    key = _key(known.best[version.version])
    return {**told, "key": key, "look": looks.get(version.rolled, 0)}


def _logged(head: Head) -> dict[str, Any]:
    told = {"tag": head.row.tag, "step": head.row.step, "key": _key(head)}
    return {**told, "source": head.source, "nodes": head.count}


def key_of(row: PayloadRow) -> str:
    """Return what names one record of a graph: its structure never changes."""
    return f"{row.file}:{row.offset}:{row.wall_time}"


def _key(head: Head) -> str:
    return key_of(head.row)


def _asked(
    known: RunGraphs, params: Params, version: str, tag: str, until: float | None
) -> Head | None:
    name = params.maybe(tag)
    if name is not None:
        logged = known.logged_at(until)
        if name not in logged:
            raise Problem(f"No graph was logged as {name!r} up to there.", _WATCH, 404)
        return logged[name]
    if params.maybe(version) is None:
        return None
    number = params.count(version, 1, low=1, high=MOST_VERSIONS)
    head = known.best.get(number)
    if head is None or (until is not None and known.first_step(number) > until):
        raise Problem(f"The graph has no version {number} up to there.", _WATCH, 404)
    return head
