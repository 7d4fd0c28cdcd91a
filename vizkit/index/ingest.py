"""Keeping an index fresh: a thread that follows every event file of a LOGDIR."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from vizkit.events.discover import Census, Found, Problem
from vizkit.index.crew import Crew
from vizkit.index.hints import hints
from vizkit.index.intake import RETRY_PAUSE, Intake
from vizkit.index.progress import Progress
from vizkit.index.sink import Changed, Sink

__all__ = ["Changed", "Ingest", "Progress", "Sink"]

RESCAN_PAUSE = 0.5
"""Seconds between two looks for new runs in folders that are heard of or changed lately."""

_SWEEP, _SWEEP_HEARING = (RESCAN_PAUSE, 100.0), (5.0, 200.0)
"""Seconds between two looks at every folder: at least, and as a multiple of how long one takes."""

_AT_LEAST = 0.001


class Ingest:
    """Reads the event files of `logdir` into `index`, and goes on as they grow.

    on_change: called in the ingest thread with the series (run, tag) that changed; with an empty
    set where a run came, went or changed its state. Runs that are behind are read in turns, the
    newest first, large ones by processes of their own, and never delay those that are followed
    live. Nothing ends the thread but `stop`: what cannot be read is named in `problems`.

    processes: how many may decode; by default as many as there are processors to spare.
    """

    def __init__(
        self,
        logdir: Path,
        index: Sink,
        *,
        on_change: Callable[[Changed], None] = lambda _: None,
        processes: int | None = None,
    ) -> None:
        self.logdir = Path(logdir).resolve()
        self._found: Found | None = None
        self._swept = False
        self._woken: deque[str] = deque()
        self._stop, self._wake, self._settled = (threading.Event() for _ in range(3))
        self._crew = Crew(self.logdir, self._wake.set, limit=processes)
        self._intake = Intake(self.logdir, index, on_change, self._crew)
        self._threads = [
            threading.Thread(target=self._follow, name="vizkit-ingest", daemon=True),
            threading.Thread(target=self._watch, name="vizkit-discover", daemon=True),
        ]

    def start(self) -> None:
        """Begin, in threads of its own."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End within `timeout` seconds; what was appended stays in the index."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout)
        self._crew.close()

    def wait_settled(self, timeout: float | None = None) -> bool:
        """Wait until everything that was there at the start is indexed; tell whether it is."""
        return self._settled.wait(timeout)

    def progress(self) -> Progress:
        """Return how far it is; costs next to nothing."""
        return self._intake.tally.progress(done=self._settled.is_set() and self._intake.settled)

    def problems(self) -> list[Problem]:
        """Return what could not be read, and why."""
        return self._intake.problems()

    # The thread that looks for runs.

    def _watch(self) -> None:
        census = Census(self.logdir)
        due = self._sweep(census)
        self._tell(census)
        for hint in hints(self.logdir, self._stop, RESCAN_PAUSE):
            self._intake.hearing = not hint.deaf
            self._woken.extend(hint.grown)
            changed = census.look_at(hint.listed)
            if time.monotonic() >= due:
                due = self._sweep(census)
                changed |= self._swept
            if changed:
                self._tell(census)
            elif self._woken:
                self._wake.set()

    def _sweep(self, census: Census) -> float:
        """Look at every folder; return when to do so again."""
        begun = time.monotonic()
        self._swept = census.look()
        now = time.monotonic()
        least, share = _SWEEP_HEARING if self._intake.hearing else _SWEEP
        return now + max(least, share * (now - begun))

    def _tell(self, census: Census) -> None:
        self._found = census.found()
        self._wake.set()

    # The thread that reads.

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception as error:
                self._intake.fail(".", error)
                self._stop.wait(RETRY_PAUSE)

    def _turn(self) -> None:
        begun = time.monotonic()
        self._wake.clear()
        found, self._found = self._found, None
        if found is not None:
            self._intake.take(found)
        while self._woken:
            self._intake.wake(Path(self._woken.popleft()))
        if self._intake.turn():
            return
        if self._intake.settled:
            self._settled.set()
        # Never sleep less than the turn took: half of the time belongs to others.
        took = time.monotonic() - begun
        self._wake.wait(max(self._intake.rest(), took, _AT_LEAST))
