"""Hearing early of changes below a folder; only hints, as network file systems tell nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, watch

_DEBOUNCE_MS, _STEP_MS = 50, 10


@dataclass(frozen=True)
class Hint:
    """listing: files came or went. folders: those in which files grew."""

    listing: bool = False
    folders: frozenset[str] = frozenset()


def hints(folder: Path, stop: threading.Event, pause: float) -> Iterator[Hint]:
    """Yield a hint when something changes, and at least each `pause` seconds, until `stop`."""
    try:
        for changes in watch(
            folder,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=stop,
            rust_timeout=int(pause * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            yield _hint(changes)
    except Exception:  # no watches left, folder gone: looking now and then is enough
        while not stop.wait(pause):
            yield Hint()


def _hint(changes: set[tuple[Change, str]]) -> Hint:
    listing = any(kind != Change.modified for kind, _ in changes)
    grown = (path for kind, path in changes if kind == Change.modified)
    return Hint(listing, frozenset(map(os.path.dirname, grown)))
