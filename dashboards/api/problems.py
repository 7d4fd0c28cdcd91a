"""What goes wrong, as JSON: `error` says what happened, `hint` what to do."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse

from vizkit.errors import (
    ExportError,
    IndexBrokenError,
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


def add_handlers(server: FastAPI) -> None:
    """Turn problems, and errors of vizkit, into answers."""
    server.add_exception_handler(Problem, _answer_problem)
    server.add_exception_handler(VizkitError, _answer_error)


async def _answer_problem(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, Problem)
    return as_json(problem)


async def _answer_error(_: Request, error: Exception) -> JSONResponse:
    status, hint = next((s, h) for kind, s, h in STATUS if isinstance(error, kind))
    return as_json(Problem(str(error), hint, status))


def as_json(problem: Problem) -> JSONResponse:
    """Return the answer to a request that has a problem."""
    return JSONResponse({"error": problem.error, "hint": problem.hint}, problem.status)
