"""The HTTP API, versioned under /api/v1; docs/http_api.md is its manual."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..state import ViewerState
from . import (
    export,
    findings,
    graph,
    graphs,
    progress,
    runs,
    series,
    table,
    tag_lists,
    windows,
)
from .answers import Asked, packed
from .params import MOST_BYTES, Params
from .problems import Problem, as_json
from .stamps import unchanged, with_tag

Read = Callable[[ViewerState, Params], Response]

READS: Mapping[str, Read] = {
    "/healthz": runs.health,
    "/api/v1/runs": runs.runs,
    "/api/v1/run": runs.run,
    "/api/v1/problems": runs.problems,
    "/api/v1/progress": progress.progress,
    "/api/v1/tags": runs.tags,
    "/api/v1/table": table.table,
    "/api/v1/match": table.match,
    "/api/v1/columns": table.columns,
    "/api/v1/series": series.series,
    "/api/v1/heatmap": series.heatmap,
    "/api/v1/at": series.at,
    "/api/v1/graph": graph.graph,
    "/api/v1/graphs": graphs.graphs,
    "/api/v1/findings": findings.findings,
    "/api/v1/export": export.export,
}
"""What is asked by GET, with its parameters in the address."""

QUESTIONS: Mapping[str, Read] = {
    "/api/v1/tags": tag_lists.tag_lists,
    "/api/v1/windows": windows.windows,
    "/api/v1/bands": windows.bands,
}
"""What is asked by POST, with a JSON object (`Params.body`): questions too long for an address."""


def routes(state: ViewerState) -> list[Route]:
    """Return every route of the API."""
    asked = [Route(path, _in_thread(read, state), methods=["GET"]) for path, read in READS.items()]
    long = [Route(p, _in_thread(read, state), methods=["POST"]) for p, read in QUESTIONS.items()]
    return [*asked, *long, Route("/api/{path:path}", _unknown, methods=["GET", "POST"])]


def _in_thread(read: Read, state: ViewerState) -> Callable[[Request], Awaitable[Response]]:
    """Reads take milliseconds on a database: never on the loop that pushes live points."""

    async def endpoint(request: Request) -> Response:
        body = await _body(request)
        params = Params(request.query_params, request.headers.get("accept", ""), body)
        return await asyncio.to_thread(_answer, read, state, params, Asked.of(request))

    return endpoint


def _answer(read: Read, state: ViewerState, params: Params, asked: Asked) -> Response:
    """Answer in three steps: nothing new; else read; then tag and compress what was read."""
    tag, known = unchanged(state, params, asked)
    if known is not None:
        return known
    return with_tag(packed(read(state, params), asked), tag, asked)


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


async def _unknown(request: Request) -> Response:
    known = ", ".join([*READS, *QUESTIONS])
    return as_json(Problem(f"There is no {request.url.path}.", f"Known: {known}.", 404))
