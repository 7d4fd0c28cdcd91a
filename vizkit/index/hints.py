"""Hearing early of changes below a folder; only hints, as network file systems tell nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, watch

from vizkit.index.mounts import is_remote

_DEBOUNCE_MS, _STEP_MS = 50, 10


@dataclass(frozen=True)
class Hint:
    """listed: folders in which something came or went. grown: files that were written.

    deaf: whether changes are not told at all.
    """

    listed: frozenset[str] = frozenset()
    grown: frozenset[str] = frozenset()
    deaf: bool = False


def hints(folder: Path, stop: threading.Event, pause: float) -> Iterator[Hint]:
    """Yield a hint when something changes, and at least each `pause` seconds, until `stop`."""
    try:
        if folder.is_dir() and not is_remote(folder):
            yield from _heard(folder, stop, pause)
    except Exception:  # no watches left, folder gone: looking now and then is enough
        pass
    while not stop.wait(pause):
        yield Hint(deaf=True)


def _heard(folder: Path, stop: threading.Event, pause: float) -> Iterator[Hint]:
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


def _hint(changes: set[tuple[Change, str]]) -> Hint:
    listed = (os.path.dirname(path) for kind, path in changes if kind != Change.modified)
    return Hint(frozenset(listed), frozenset(p for k, p in changes if k == Change.modified))
