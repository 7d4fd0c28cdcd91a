"""The HTTP API, versioned under /api/v1; docs/http_api.md is its manual."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request
from starlette.responses import Response

from ..state import ViewerState
from . import export, graph, runs, series, tag_lists, windows
from .body import Body, read_body
from .params import Params
from .problems import Problem, add_handlers, as_json

Read = Callable[[ViewerState, Params], Response]

ROUTES: Mapping[str, Read] = {
    "/healthz": runs.health,
    "/api/v1/runs": runs.runs,
    "/api/v1/run": runs.run,
    "/api/v1/problems": runs.problems,
    "/api/v1/tags": runs.tags,
    "/api/v1/series": series.series,
    "/api/v1/heatmap": series.heatmap,
    "/api/v1/at": series.at,
    "/api/v1/graph": graph.graph,
    "/api/v1/export": export.export,
}

POSTS: Mapping[str, Callable[[ViewerState, Body], Response]] = {
    "/api/v1/tags": tag_lists.tag_lists,
    "/api/v1/windows": windows.windows,
    "/api/v1/bands": windows.bands,
}


def add_routes(server: FastAPI, state: ViewerState) -> None:
    """Add every route of the API to a server."""
    add_handlers(server)
    for path, read in ROUTES.items():
        server.add_api_route(path, _in_thread(read, state), methods=["GET"])
    for path, answer in POSTS.items():
        server.add_api_route(path, _posted(answer, state), methods=["POST"])
    server.add_api_route("/api/{path:path}", _unknown, methods=["GET", "POST"])


def _in_thread(read: Read, state: ViewerState) -> Callable[[Request], Awaitable[Response]]:
    """Reads take milliseconds on a database: never on the loop that pushes live points."""

    async def endpoint(request: Request) -> Response:
        params = Params(request.query_params, request.headers.get("accept", ""))
        return await asyncio.to_thread(read, state, params)

    return endpoint


def _posted(
    answer: Callable[[ViewerState, Body], Response], state: ViewerState
) -> Callable[[Request], Awaitable[Response]]:
    """Answer what asks for too much to fit into an address."""

    async def endpoint(request: Request) -> Response:
        return await asyncio.to_thread(answer, state, await read_body(request))

    return endpoint


async def _unknown(path: str) -> Response:
    known = ", ".join([*ROUTES, *(f"POST {each}" for each in POSTS)])
    return as_json(Problem(f"There is no such /api/{path}.", f"Known: {known}.", 404))
