"""A graph of a run, as it was known at the playhead: the module tree, or what steps really ran."""

from __future__ import annotations

from dataclasses import asdict

from google.protobuf.message import DecodeError
from starlette.responses import Response
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph.module_graph import ModuleGraph, decode
from vizkit.playback.graphs_log import graph_log

from ..state import ViewerState
from .answers import as_json
from .graphs import captured, run_of
from .params import Params
from .problems import Problem

NOTHING = ModuleGraph(nodes=())
CAPTURED = ("form", "version", "tag")


def graph(state: ViewerState, params: Params) -> Response:
    """Answer /api/v1/graph: the latest module tree not after `until`; no nodes before the first.

    With `form`, `version` or `tag`: a graph that ran, or one that was logged by name.
    """
    if any(params.maybe(name) for name in CAPTURED):
        return captured(state, params)
    run, until = run_of(state, params), params.number("until")
    rows = graph_log(state.index).of(run.name).trees
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
