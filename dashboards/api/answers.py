"""The bodies of answers: JSON with non-finite numbers as strings, binary columns; compressed."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..wire import to_json

BINARY = "application/octet-stream"
WORTH = 1024
"""Bytes from which a body is compressed."""

LEVEL = 1
_SAMPLE, _SHRUNK = 16_384, 0.7
"""Binary columns are compressed if a sample of them shrinks to this share."""


@dataclass(frozen=True)
class Asked:
    """What of a request's head matters to the form of its answer.

    Attributes:
        address: path and query.
        known: the ETags of what the client still has.
        gzip: whether it takes compressed answers.
        safe: whether it only reads, so that its answer may be kept.
    """

    address: str
    accept: str
    known: str
    gzip: bool
    safe: bool

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Read them from a request."""
        url, headers = request.url, request.headers
        return cls(
            address=f"{url.path}?{url.query}",
            accept=headers.get("accept", ""),
            known=headers.get("if-none-match", ""),
            gzip="gzip" in headers.get("accept-encoding", ""),
            safe=request.method in ("GET", "HEAD"),
        )


def as_json(body: Any) -> Response:
    """Return JSON; NaN and Inf are written as strings, which plain JSON cannot say otherwise."""
    return Response(to_json(body).encode("utf-8", "replace"), media_type="application/json")


def as_binary(body: bytes) -> Response:
    """Return columns as `wire.pack_columns` wrote them."""
    return Response(body, media_type=BINARY)


def packed(response: Response, asked: Asked) -> Response:
    """Compress an answer that is in memory where that pays; files and streams go as they are."""
    body = getattr(response, "body", b"")
    if type(response) is not Response or len(body) < WORTH:
        return response
    response.headers["vary"] = "accept-encoding"
    if not asked.gzip or not _shrinks(response.media_type, body):
        return response
    response.body = gzip.compress(body, LEVEL, mtime=0)
    response.headers["content-length"] = str(len(response.body))
    response.headers["content-encoding"] = "gzip"
    return response


def _shrinks(media_type: str | None, body: bytes | memoryview) -> bool:
    if media_type != BINARY:
        return True
    middle = max(len(body) - _SAMPLE, 0) // 2
    sample = bytes(body[middle : middle + _SAMPLE])
    return len(gzip.compress(sample, LEVEL)) < _SHRUNK * len(sample)
