"""One run that is followed: its files, and when to look at them next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from vizkit.events.batch import TailState
from vizkit.events.runfiles import Read, RunFiles

ACTIVE_PAUSE, IDLE_PAUSE = 0.015, 1.0
"""Seconds between two looks at a run that grows, and at one that does not for long."""

ACTIVE_FOR = 10.0
_SLOWER = 1.3
_PORTION = 2 << 20


class Follower:
    """A run to be polled. Times are monotonic seconds and come in as arguments."""

    def __init__(self, run: str, folder: Path, states: Mapping[str, TailState], now: float) -> None:
        self.run = run
        self.files = RunFiles(folder, states)
        self.due = now
        self._pause = ACTIVE_PAUSE
        self._grew = now

    @property
    def behind(self) -> bool:
        """Tell whether there is more to read at once."""
        return not self.files.caught_up

    def poll(self, now: float) -> Iterator[Read]:
        """Yield what is new, and set when to look next.

        Raises:
            RunReplacedError: if a file was replaced.
        """
        grew = False
        for read in self.files.poll(_PORTION):
            grew = True
            yield read
        self._plan(now, grew)

    def wake(self, now: float) -> None:
        """Look now, and often from now on."""
        self._grew, self._pause, self.due = now, ACTIVE_PAUSE, now

    def _plan(self, now: float, grew: bool) -> None:
        if grew:
            self._grew, self._pause = now, ACTIVE_PAUSE
        elif now - self._grew > ACTIVE_FOR:
            self._pause = min(IDLE_PAUSE, self._pause * _SLOWER)
        self.due = now if self.behind else now + self._pause
