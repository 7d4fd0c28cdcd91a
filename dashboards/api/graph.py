"""The module tree of a run, as it was known at the playhead."""

from __future__ import annotations

from dataclasses import asdict

from google.protobuf.message import DecodeError
from starlette.responses import Response
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.errors import RunNotFoundError
from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph.module_graph import PLUGIN, ModuleGraph, decode

from ..state import ViewerState
from .answers import as_json
from .params import Params
from .problems import Problem

NOTHING = ModuleGraph(nodes=())


def graph(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/graph: the latest module tree not after `until`; no nodes before the first."""
    run, until = params.text("run"), params.number("until")
    rows = state.index.payloads(run, PLUGIN)
    if not rows and run not in {row.name for row in state.index.runs()}:
        raise RunNotFoundError(f"No run {run!r} under {str(state.logdir)!r}.")
    known = [row for row in rows if until is None or row.step <= until]
    return as_json(asdict(_read(state, known[-1]) if known else NOTHING))


def _read(state: ViewerState, row: PayloadRow) -> ModuleGraph:
    try:
        value = Summary.Value.FromString(row.data or state.index.content(row))
        return decode(value.tensor.string_val[0])
    except (DecodeError, IndexError, ValueError) as error:
        raise Problem(
            f"The graph that run {row.run!r} logged at step {row.step} cannot be read: {error}",
            "Its file may be damaged: `vizkit doctor LOGDIR`.",
        ) from error
