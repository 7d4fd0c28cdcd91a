"""The bodies of answers: JSON with non-finite numbers as strings, and binary columns."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from ..wire import jsonable

BINARY = "application/octet-stream"


def as_json(body: Any) -> Response:
    """Return JSON; NaN and Inf are written as strings, which plain JSON cannot say otherwise."""
    text = json.dumps(jsonable(body), allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode("utf-8", "replace"), media_type="application/json")


def as_binary(body: bytes) -> Response:
    """Return columns as `wire.pack_columns` wrote them."""
    return Response(body, media_type=BINARY)
