"""The filter language: a small part of Python's expressions, over what is known of one run.

Nothing of it is run as Python: see `terms`. docs/filter.md is its manual.
"""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vizkit.errors import UsageError
from vizkit.playback.names import Get, Name, mistake, other_names
from vizkit.playback.patterns import clock
from vizkit.playback.subjects import UNKNOWN, Subject
from vizkit.playback.terms import Compiler

MOST_CHARACTERS = 1000
MOST_PARTS = 300
_parsing = threading.Lock()


@dataclass(frozen=True)
class Query:
    """An expression that was checked. names: what it asks for, in order."""

    text: str
    names: tuple[Name, ...]
    get: Get

    def value(self, subject: Subject) -> Any:
        """Return its value for a run, UNKNOWN where the run lacks what it asks for."""
        return self.get(subject)

    def chosen(self, subjects: Sequence[Subject]) -> list[Subject]:
        """Return the runs for which it is true.

        Raises:
            UsageError: if it asks for something that no run has; the text says what there is.
        """
        with clock():
            found = [subject for subject in subjects if self.get(subject)]
        self.check(subjects)
        return found

    def check(self, subjects: Sequence[Subject]) -> None:
        """See to it that some run has each name, if there are runs.

        Raises:
            UsageError: if none has.
        """
        for name in self.names:
            if subjects and all(name.get(subject) is UNKNOWN for subject in subjects):
                raise mistake(name.node, f"no run has {name.text}. {other_names(name, subjects)}")


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Return the query that a text stands for.

    Raises:
        UsageError: if it is no expression of the language; the text says where and why.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"The filter is {len(text)} characters long, above {MOST_CHARACTERS}.")
    tree = _tree(text.strip())
    if sum(1 for _ in ast.walk(tree)) > MOST_PARTS:
        raise UsageError(f"The filter has more than {MOST_PARTS} parts; make it shorter.")
    compiler = Compiler()
    get = compiler.term(tree)
    return Query(text, tuple(compiler.names), get)


def _tree(text: str) -> ast.expr:
    try:
        # The parser warns of what is no concern here, such as the \\d of a pattern.
        with _parsing, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        inside = error.offset and error.offset <= len(text)
        place = f" at column {error.offset}" if inside else " at its end"
        raise UsageError(f"The filter has an error{place}: {error.msg}.") from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise UsageError(f"The filter cannot be read: {error}.") from None
