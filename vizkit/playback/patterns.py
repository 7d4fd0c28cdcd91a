"""Regular expressions from strangers: limited in length, size and time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from math import prod
from re import findall

import regex

from vizkit.errors import UsageError

MOST_CHARACTERS = 300
MOST_REPEATS = 10_000
SECONDS = 2.0
"""How long all searches of one request may take together: a hundred times what they need."""

SLOW = 0.5
"""How long one search may take; a busy machine may hold up one that is not to blame."""

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


class Pattern:
    """A regular expression that is searched for in names."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        """Compile it.

        Raises:
            UsageError: if it is none, or too large.
        """
        self.text = text
        if len(text) > MOST_CHARACTERS:
            raise UsageError(
                f"The pattern is {len(text)} characters long, above {MOST_CHARACTERS}."
            )
        if prod(map(int, findall(r"(?<=[{,])\d{1,9}", text))) > MOST_REPEATS:
            raise UsageError(f"The pattern {text!r} repeats too much: above {MOST_REPEATS} times.")
        try:
            self._found = regex.compile(text, regex.IGNORECASE if ignore_case else 0).search
        except (regex.error, ValueError, OverflowError, RecursionError, KeyError) as error:
            raise UsageError(f"The pattern {text!r} is no regular expression: {error}.") from None

    def found(self, value: str) -> bool:
        """Tell whether it is somewhere in a text.

        Raises:
            UsageError: if the searches within `clock` took too long.
        """
        try:
            if time.monotonic() > _deadline.get():
                raise TimeoutError
            return self._found(value, timeout=SLOW) is not None
        except TimeoutError:
            raise UsageError(
                f"The pattern {self.text!r} takes too long: it may repeat what repeats."
            ) from None


@contextmanager
def clock() -> Iterator[None]:
    """Let all searches in here take SECONDS together."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + SECONDS))
    try:
        yield
    finally:
        _deadline.reset(token)


@lru_cache(maxsize=256)
def pattern(text: str, ignore_case: bool = False) -> Pattern:
    """Return the pattern of a text, compiled once.

    Raises:
        UsageError: see Pattern.
    """
    return Pattern(text, ignore_case=ignore_case)
