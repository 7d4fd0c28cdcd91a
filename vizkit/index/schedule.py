"""Which runs are due: a heap, so that thousands of idle runs cost nothing until their time."""

from __future__ import annotations

import heapq

from vizkit.index.follower import Follower


class Schedule:
    """Runs by the time of their next look. A run may be planned again before that time came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []

    def plan(self, follower: Follower) -> None:
        """Look at a run when it is due."""
        heapq.heappush(self._heap, (follower.due, follower.run))

    def due(self, now: float) -> list[str]:
        """Return, once, the runs whose time has come."""
        runs: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= now:
            runs[heapq.heappop(self._heap)[1]] = None
        return list(runs)

    def next(self, otherwise: float) -> float:
        """Return when the next run is due."""
        return self._heap[0][0] if self._heap else otherwise
