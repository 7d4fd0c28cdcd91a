"""What goes wrong, as JSON: `error` says what happened, `hint` what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from vizkit.errors import (
    ExportError,
    IndexBrokenError,
    IndexUnavailableError,
    NoRunsError,
    RunNotFoundError,
    TagNotFoundError,
    UsageError,
    VizkitError,
)

STATUS: tuple[tuple[type[VizkitError], int, str], ...] = (
    (RunNotFoundError, 404, "/api/v1/runs lists the runs."),
    (TagNotFoundError, 404, "/api/v1/tags?run=RUN lists the tags of a run."),
    (NoRunsError, 404, "Start a training that logs into this folder."),
    (UsageError, 400, "docs/http_api.md describes the parameters."),
    (ExportError, 400, "Try format=csv."),
    (IndexBrokenError, 503, "Stop the server, run `vizkit doctor LOGDIR`, start it again."),
    (IndexUnavailableError, 503, "Nothing is lost. Reload the page once the database is back."),
    (VizkitError, 400, "`vizkit doctor LOGDIR` may know more."),
)


class Problem(Exception):
    """A request that cannot be answered.

    Attributes:
        error: what happened, with the value.
        hint: what to do.
        status: the HTTP status, 400 unless another fits better.
    """

    def __init__(self, error: str, hint: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint
        self.status = status


async def _answer_problem(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return as_json(problem)


async def _answer_error(_: Request, error: Exception) -> JSONResponse:
    status, hint = next((s, h) for kind, s, h in STATUS if isinstance(error, kind))
    return as_json(Problem(str(error), hint, status))


HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
    Problem: _answer_problem,
    VizkitError: _answer_error,
}
"""Turns problems, and errors of vizkit, into answers."""


def as_json(problem: Problem) -> JSONResponse:
    """Return the answer to a request that has a problem."""
    return JSONResponse({"error": problem.error, "hint": problem.hint}, problem.status)
