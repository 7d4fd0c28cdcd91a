"""What should be looked at in some runs, as it was known at the playhead."""

from __future__ import annotations

from dataclasses import asdict

from starlette.responses import Response

from vizkit.errors import RunNotFoundError
from vizkit.playback import findings as playback

from ..state import ViewerState
from .answers import as_json
from .params import Params


def findings(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/findings: those of all runs that are named and there, by step."""
    until = params.number("until")
    params.text("run")
    asked = params.many("run")
    there = {row.name for row in state.index.runs()}.intersection(asked)
    if len(asked) == 1 and not there:
        raise RunNotFoundError(f"No run {asked[0]!r} under {str(state.logdir)!r}.")
    found = [
        {"run": run, **asdict(each)}
        for run in asked
        if run in there
        for each in playback.findings(state.index, run, until)
    ]
    return as_json(sorted(found, key=lambda each: each["step"]))
