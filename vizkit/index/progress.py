"""How far ingest is: sums that are kept, so that asking costs nothing."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from vizkit.index.follower import Follower

_EVERY, _SAMPLES = 0.25, 20


@dataclass(frozen=True)
class Progress:
    """How much of what was found is indexed.

    indexed, total: bytes. points: how many were read since the start. seconds_left: at the pace of
    the last seconds, None where that is not known. done: whether everything that was there is
    indexed.
    """

    indexed: int = 0
    total: int = 0
    files: int = 0
    files_done: int = 0
    runs: int = 0
    points: int = 0
    seconds_left: float | None = None
    done: bool = False


class Tally:
    """Sums over all runs, kept by the thread that reads and asked by any."""

    def __init__(self) -> None:
        self._indexed = self._total = self._files = self._files_done = self._runs = 0
        self._points = 0
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)

    def note(self, follower: Follower, now: float) -> None:
        """Count what became of a run since it was noted last; now: monotonic seconds."""
        files = follower.files
        found = files.read_bytes, files.total_bytes, len(files), files.files_done
        if found != follower.noted:
            self._shift(follower.noted, found)
            follower.noted = found
            self._sample(now)

    def join(self, follower: Follower) -> None:
        """Count a run in."""
        self._runs += 1
        follower.noted = (0, 0, 0, 0)

    def leave(self, follower: Follower) -> None:
        """Count a run out."""
        self._runs -= 1
        self._shift(follower.noted, (0, 0, 0, 0))

    def add_points(self, count: int) -> None:
        """Count points that were indexed."""
        self._points += count

    def progress(self, *, done: bool) -> Progress:
        """Return how far it is."""
        return Progress(
            indexed=self._indexed,
            total=self._total,
            files=self._files,
            files_done=self._files_done,
            runs=self._runs,
            points=self._points,
            seconds_left=0.0 if done else self._seconds_left(),
            done=done,
        )

    def _shift(self, before: tuple[int, int, int, int], after: tuple[int, int, int, int]) -> None:
        self._indexed += after[0] - before[0]
        self._total += after[1] - before[1]
        self._files += after[2] - before[2]
        self._files_done += after[3] - before[3]

    def _sample(self, now: float) -> None:
        if not self._samples or now >= self._samples[-1][0] + _EVERY:
            self._samples.append((now, self._indexed))

    def _seconds_left(self) -> float | None:
        if len(self._samples) < 2:
            return None
        (begun, first), (ended, last) = self._samples[0], self._samples[-1]
        return (
            (self._total - self._indexed) * (ended - begun) / (last - first)
            if last > first
            else None
        )
