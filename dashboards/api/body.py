"""What a POST asks for: one JSON object, read with the same care as a query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from .params import Params
from .problems import Problem

MOST_BYTES = 8 << 20
_HINT = 'Send an object like {"tag": "loss"}.'


@dataclass(frozen=True)
class Body:
    """The fields of a request; numbers and words are read through `params`."""

    fields: Mapping[str, Any]
    accept: str = ""

    @property
    def params(self) -> Params:
        """Return the plain fields, as if they had been in a query."""
        plain = {
            name: repr(value) if isinstance(value, float) else str(value)
            for name, value in self.fields.items()
            if value is not None and not isinstance(value, (list, dict))
        }
        return Params(QueryParams(plain), self.accept)

    def rows(self, name: str, most: int) -> list[Any]:
        """Return a list of at most `most` items, empty where none is given.

        Raises:
            Problem: if it is no list, or too long.
        """
        value = self.fields.get(name, [])
        if not isinstance(value, list):
            raise Problem(f"{name} is no list.", f"docs/http_api.md shows what {name} holds.")
        if len(value) > most:
            raise Problem(f"{name} holds {len(value)} items.", f"Ask for at most {most} at once.")
        return value


async def read_body(request: Request) -> Body:
    """Read the JSON object of a request.

    Raises:
        Problem: if it is none, or larger than MOST_BYTES.
    """
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            raise Problem("The request is too large.", f"Send at most {MOST_BYTES} bytes.", 413)
    try:
        fields = json.loads(bytes(content) or b"{}")
    except (ValueError, RecursionError) as error:
        raise Problem(
            f"The request is no JSON: {error}.", 'Send an object like {"a": 1}.'
        ) from None
    if not isinstance(fields, dict):
        raise Problem("The request is no JSON object.", 'Send an object like {"a": 1}.')
    return Body(fields, request.headers.get("accept", ""))
