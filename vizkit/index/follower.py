"""One run that is followed: its files, and when to look at them next."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vizkit.events.batch import TailState
from vizkit.events.runfiles import Read, RunFiles

ACTIVE_FOR = 10.0
"""Seconds without growth after which a run is looked at less and less."""

_SHARE = 0.02
_TOGETHER, _SPREAD = 0.25, 0.5
_PORTION = 2 << 20


@dataclass(frozen=True)
class Pace:
    """Seconds between two looks at a run that grows, and at one that does not for long."""

    active: float = 0.015
    idle: float = 1.0


PACE = Pace()


class Follower:
    """A run to be polled. Times are monotonic seconds and come in as arguments."""

    __slots__ = ("_grew", "changed", "due", "files", "noted", "run")

    def __init__(self, run: str, folder: Path, states: Mapping[str, TailState], now: float) -> None:
        self.run = run
        self.files = RunFiles(folder, states)
        self.due = now
        self.changed = 0.0
        self.noted = (0, 0, 0, 0)
        self._grew = now

    @property
    def behind(self) -> bool:
        """Tell whether there is more to read at once."""
        return not self.files.caught_up

    @property
    def unread(self) -> int:
        """Return how many bytes are left to read, as of the last look."""
        return self.files.total_bytes - self.files.read_bytes

    @property
    def fresh(self) -> bool:
        """Tell whether nothing was read yet."""
        return not self.files.read_bytes

    def look(self, names: list[str], now: float) -> None:
        """Follow these files too, and ask how large all are; nothing is read."""
        self.files.update(names)
        self.changed = self.files.changed()
        self._grew = now - max(0.0, time.time() - self.changed)

    def still(self, now: float, pace: Pace) -> bool:
        """Tell whether nothing changed, and if so set when to look next: a cheap `poll`."""
        still = self.files.still()
        if still:
            self._plan(now, pace)
        return still

    def poll(self, now: float, pace: Pace = PACE) -> Iterator[Read]:
        """Yield what is new, and set when to look next.

        Raises:
            RunReplacedError: if a file was replaced.
        """
        live = not self.behind
        for read in self.files.poll(_PORTION, every=False):
            if live:
                self._grew = now
            yield read
        self._plan(now, pace)

    def wake(self, name: str, now: float) -> bool:
        """Look at a file now, and often from now on; False if it is looked at soon anyhow."""
        new = self.files.wake(name)
        if not new and self.due <= now + PACE.active:
            return False
        self._grew = self.due = now
        return True

    def _plan(self, now: float, pace: Pace) -> None:
        """Look the less often the longer nothing came."""
        silent = now - self._grew
        if self.behind:
            self.due = now
        elif silent <= ACTIVE_FOR:
            self.due = now + pace.active
        else:
            pause = max(pace.active, min(pace.idle, silent * _SHARE))
            self.due = _together(now + pause * (1 - _SPREAD * (hash(self.run) & 255) / 256))


def _together(due: float) -> float:
    """Return a time at which other idle runs are due as well: each waking up has its price."""
    return math.ceil(due / _TOGETHER) * _TOGETHER
