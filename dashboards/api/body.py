"""What a POST asks for: one JSON object, read with the same care as a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from .params import Params
from .problems import Problem


@dataclass(frozen=True)
class Body:
    """The fields of a request; numbers and words are read through `params`."""

    fields: Mapping[str, Any]
    accept: str = ""

    @classmethod
    def of(cls, params: Params) -> Body:
        """Return what was sent along with a request.

        Raises:
            Problem: if it is no JSON object.
        """
        return cls(params.body(), params.accept)

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
