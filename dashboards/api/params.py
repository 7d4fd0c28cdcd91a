"""The query of a request, read with care: what is wrong is said with its value and what to do."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from .problems import Problem

MOST_BYTES = 4 << 20
"""Longest question that is taken by POST."""

YES = frozenset({"1", "true", "yes"})
NO = frozenset({"0", "false", "no"})


@dataclass(frozen=True)
class Params:
    """The query parameters of one request, what its Accept header names, and what it sent along."""

    query: QueryParams
    accept: str = ""
    sent: bytes = b""

    def body(self) -> Mapping[str, Any]:
        """Return the JSON object that was sent along.

        Raises:
            Problem: if it is none.
        """
        try:
            found = json.loads(self.sent or b"{}")
        except (ValueError, RecursionError) as error:
            raise Problem(f"What was sent is no JSON: {error}.", "Send a JSON object.") from None
        if not isinstance(found, dict):
            raise Problem("What was sent is no JSON object.", 'Send {"name": ...}.')
        return found

    def text(self, name: str) -> str:
        """Return a parameter that must be there.

        Raises:
            Problem: if it is missing.
        """
        value = self.query.get(name)
        if value is None:
            raise Problem(f"The parameter {name!r} is missing.", f"Add it: ?{name}=...")
        return value

    def maybe(self, name: str) -> str | None:
        """Return a parameter that may be missing or empty, then None."""
        return self.query.get(name) or None

    def many(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter that may be given several times."""
        return tuple(self.query.getlist(name))

    def number(self, name: str) -> float | None:
        """Return a finite number, None where none is given.

        Raises:
            Problem: if it is no finite number.
        """
        text = self.maybe(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise Problem(
                f"{name}={text!r} is no finite number.", f"Write {name} like 12 or 1.5e3."
            )
        return value

    def count(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number between two bounds, both included.

        Raises:
            Problem: if it is none, or out of bounds.
        """
        text = self.maybe(name)
        if text is None:
            return default
        if not text.isdecimal() or not low <= int(text[:20]) <= high:
            raise Problem(
                f"{name}={text!r} is no whole number from {low} to {high}.",
                f"Try {name}={default}.",
            )
        return int(text)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of the choices, the first where none is given.

        Raises:
            Problem: if another word is given.
        """
        text = self.maybe(name) or choices[0]
        if text not in choices:
            raise Problem(f"{name}={text!r} is not known.", f"Known are {', '.join(choices)}.")
        return text

    def flag(self, name: str, default: bool) -> bool:
        """Return a yes or no, written as 1 or 0.

        Raises:
            Problem: if it is neither.
        """
        text = (self.maybe(name) or str(int(default))).lower()
        if text not in YES | NO:
            raise Problem(f"{name}={text!r} is neither 1 nor 0.", f"Try {name}=1.")
        return text in YES
