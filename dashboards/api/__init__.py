"""The HTTP API, versioned under /api/v1; docs/http_api.md is its manual."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request
from starlette.responses import Response

from ..state import ViewerState
from . import export, graph, runs, series, table, tag_lists, windows
from .params import MOST_BYTES, Params
from .problems import Problem, add_handlers, as_json

Read = Callable[[ViewerState, Params], Response]

ROUTES: Mapping[str, Read] = {
    "/healthz": runs.health,
    "/api/v1/runs": runs.runs,
    "/api/v1/run": runs.run,
    "/api/v1/problems": runs.problems,
    "/api/v1/tags": runs.tags,
    "/api/v1/table": table.table,
    "/api/v1/match": table.match,
    "/api/v1/columns": table.columns,
    "/api/v1/series": series.series,
    "/api/v1/heatmap": series.heatmap,
    "/api/v1/at": series.at,
    "/api/v1/graph": graph.graph,
    "/api/v1/export": export.export,
}

QUESTIONS: Mapping[str, Read] = {
    "/api/v1/tags": tag_lists.tag_lists,
    "/api/v1/windows": windows.windows,
    "/api/v1/bands": windows.bands,
}


def add_routes(server: FastAPI, state: ViewerState) -> None:
    """Add every route of the API to a server."""
    add_handlers(server)
    for path, read in ROUTES.items():
        server.add_api_route(path, _in_thread(read, state), methods=["GET"])
    for path, read in QUESTIONS.items():
        server.add_api_route(path, _in_thread(read, state), methods=["POST"])
    server.add_api_route("/api/{path:path}", _unknown, methods=["GET", "POST"])


def _in_thread(read: Read, state: ViewerState) -> Callable[[Request], Awaitable[Response]]:
    """Reads take milliseconds on a database: never on the loop that pushes live points."""

    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        params = Params(request.query_params, request.headers.get("accept", ""), body)
        return await asyncio.to_thread(read, state, params)

    return endpoint


async def _body(request: Request) -> bytes:
    if request.method != "POST":
        return b""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise Problem(
                f"The question is longer than {MOST_BYTES:,} bytes.", "Ask in parts.", 413
            )
    return b"".join(parts)


async def _unknown(path: str) -> Response:
    known = ", ".join([*ROUTES, *QUESTIONS])
    return as_json(Problem(f"There is no such /api/{path}.", f"Known: {known}.", 404))
