"""Protobuf's text format without its messages: `a: 1 b { c: "d" }` as dicts of lists."""

from __future__ import annotations

import re
from typing import Any

Message = dict[str, list[Any]]
DEEPEST = 64
_TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*(?:\n|$))*(
        "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
        | [-+]?[A-Za-z0-9_.][\w.+-]*
        | [{}<>\[\]:,;]
        | $
    )""",
    re.VERBOSE,
)
_CLOSING = {"{": "}", "<": ">"}


def parse(text: str) -> Message:
    """Return a message: each field's values in order, as int, float, bool, str or message.

    Raises:
        ValueError: if the text is no message; it says in which line.
    """
    return _Parser(text).message("", 0)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._token = ""
        self._next()

    def message(self, end: str, depth: int) -> Message:
        if depth > DEEPEST:
            raise self._error("is nested too deeply")
        found: Message = {}
        while self._token != end:
            if self._token in (",", ";"):
                self._next()
                continue
            name = self._take()
            if not re.match(r"[A-Za-z_]", name):
                raise self._error(f"has {name!r:.30} where a field's name should be")
            found.setdefault(name, []).extend(self._values(depth))
        self._next()
        return found

    def _values(self, depth: int) -> list[Any]:
        if self._token == ":":
            self._next()
        if self._token in _CLOSING:
            return [self.message(_CLOSING[self._take()], depth + 1)]
        if self._token != "[":
            return [_plain(self._take())]
        self._next()
        found: list[Any] = []
        while self._token != "]":
            if self._token == ",":
                self._next()
            elif self._token in _CLOSING:
                found.append(self.message(_CLOSING[self._take()], depth + 1))
            else:
                found.append(_plain(self._take()))
        self._next()
        return found

    def _take(self) -> str:
        token = self._token
        if not token or token in "}>]:":
            raise self._error(f"has {token or 'its end'!r} where a value should be")
        self._next()
        return token

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._error("cannot be understood")
        self._at, self._token = match.end(), match.group(1)

    def _error(self, what: str) -> ValueError:
        line = self._text.count("\n", 0, self._at) + 1
        return ValueError(f"line {line} {what}")


def _plain(token: str) -> Any:
    if token[0] in "\"'":
        return token[1:-1].replace('\\"', '"').replace("\\'", "'")
    if token in ("true", "false"):
        return token == "true"
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            pass
    return token
