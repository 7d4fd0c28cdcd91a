"""What a tab is told beside points: few messages at a time, later ones in place of earlier."""

from __future__ import annotations

import json
from typing import Any

from .wire import to_json

MOST = 256
"""Messages that may wait for one tab; more of them about tags become one about all runs."""

RUNS, TAGS = "runs", "tags"
RUNS_ANEW = json.dumps({"type": RUNS, "changed": None, "gone": []})
TAGS_ANEW = json.dumps({"type": TAGS, "run": None})


class Notices:
    """Messages of one tab that wait to be sent, as JSON text."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, key: str, text: str) -> None:
        """Let a message wait, in place of one with the same key.

        News about runs add up: two of them become the request to read the list anew.
        """
        if key == RUNS and RUNS in self._waiting:
            text = RUNS_ANEW
        self._waiting[key] = text
        if len(self._waiting) > MOST:
            self.merge()

    def merge(self) -> None:
        """Say the same with few words, for who will not hear it soon."""
        keys = [key for key in self._waiting if key.startswith(TAGS)]
        for key in keys:
            del self._waiting[key]
        if keys:
            self._waiting[TAGS] = TAGS_ANEW
        if RUNS in self._waiting:
            self._waiting[RUNS] = RUNS_ANEW

    def take(self) -> list[str]:
        """Return what waits, and forget it."""
        waiting, self._waiting = self._waiting, {}
        return list(waiting.values())


def told(message: dict[str, Any]) -> str:
    """Return a message as it is sent; NaN and infinity become strings, as in the API."""
    return to_json(message).encode("utf-8", "replace").decode()
