"""ETags: what has not changed since a client asked for it is not read again."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Hashable, Mapping

from starlette.responses import Response

from vizkit.playback.graphs_log import PLUGINS
from vizkit.playback.table import table_of

from ..state import ViewerState
from ..static import knows
from .answers import Asked
from .params import Params

Stamp = Callable[[ViewerState, Params], Hashable]

SERVER = secrets.token_hex(8)
"""Ordinals may mean something else after a restart: no tag outlives the server."""

STATUS_PAUSE = 5.0
"""Seconds after which a silent run may have become a stalled one."""


def _of_series(state: ViewerState, params: Params) -> Hashable:
    return state.index.stamp(params.text("run"), params.text("tag"))


def _of_run(state: ViewerState, params: Params) -> Hashable:
    return state.index.stamp(params.text("run"))


def _of_version(state: ViewerState, params: Params) -> Hashable:
    return state.index.version()


def _of_graph(state: ViewerState, params: Params) -> Hashable:
    return tuple(state.index.newest_payload(params.text("run"), each) for each in PLUGINS)


def _of_graphs(state: ViewerState, params: Params) -> Hashable:
    return _of_run(state, params), _of_graph(state, params)


def _of_all(state: ViewerState, params: Params) -> Hashable:
    return state.index.version(), time.time() // STATUS_PAUSE


def _of_table(state: ViewerState, params: Params) -> Hashable:
    return table_of(state.index).stamp()


def _of_runs(state: ViewerState, params: Params) -> Hashable:
    narrowed = params.maybe("filter") or params.maybe("search")
    return _of_all(state, params), _of_table(state, params) if narrowed else None


STAMPS: Mapping[str, Stamp] = {
    "/api/v1/runs": _of_runs,
    "/api/v1/tags": _of_run,
    "/api/v1/series": _of_series,
    "/api/v1/heatmap": _of_run,
    "/api/v1/at": _of_run,
    "/api/v1/graph": _of_graph,
    "/api/v1/graphs": _of_graphs,
    "/api/v1/findings": _of_version,
    "/api/v1/table": _of_table,
    "/api/v1/match": _of_table,
    "/api/v1/columns": _of_table,
}
"""By path, what an answer depends on besides the parameters; asked without reading points."""


def unchanged(
    state: ViewerState, params: Params, asked: Asked
) -> tuple[str | None, Response | None]:
    """Return the tag of the answer, if there is one, and 304 if the client has that answer."""
    stamp = STAMPS.get(asked.address.partition("?")[0])
    if stamp is None or not asked.safe:
        return None, None
    tag = _tag(asked, stamp(state, params))
    return tag, _not_modified(tag) if knows(asked.known, tag) else None


def with_tag(response: Response, tag: str | None, asked: Asked) -> Response:
    """Mark an answer as one to be kept and asked for again, and with its tag if it has one."""
    response.headers.setdefault("cache-control", "no-cache" if asked.safe else "no-store")
    if tag is not None:
        response.headers["etag"] = tag
    return response


def _tag(asked: Asked, stamp: Hashable) -> str:
    told = repr((SERVER, asked.address, asked.accept, asked.gzip, stamp))
    return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'


def _not_modified(tag: str) -> Response:
    return Response(status_code=304, headers={"etag": tag, "cache-control": "no-cache"})
