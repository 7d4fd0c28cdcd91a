"""The runs that are behind: the small ones are read here, the large ones by other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from vizkit.index.follower import Follower

LARGE = 1 << 20
"""Bytes from which on reading is left to another process."""

MANY = 100
"""So many small runs are left to another process as well."""


class Backlog:
    """Two queues of runs, each read in turns."""

    def __init__(self) -> None:
        self.small: deque[str] = deque()
        self.large: deque[str] = deque()
        self._queued: set[str] = set()

    def __len__(self) -> int:
        """Return how many runs wait."""
        return len(self._queued)

    def add(self, follower: Follower, *, here: bool = False) -> None:
        """Queue a run that is behind, if it is not queued. here: read it in this process."""
        if follower.run not in self._queued:
            self._queued.add(follower.run)
            large = follower.unread >= LARGE and not here
            (self.large if large else self.small).append(follower.run)

    def add_first(self, followers: Iterable[Follower]) -> None:
        """Queue new runs, the newest first, before all others."""
        newest_last = sorted(followers, key=lambda follower: follower.changed)
        many = sum(follower.unread > 0 for follower in newest_last) > MANY
        for follower in newest_last:
            if follower.run not in self._queued:
                self._queued.add(follower.run)
                large = follower.unread >= LARGE or (many and follower.unread > 0)
                (self.large if large else self.small).appendleft(follower.run)

    def next_small(self) -> str | None:
        """Take the next small run."""
        return self._taken(self.small)

    def next_large(self) -> str | None:
        """Take the next large run."""
        return self._taken(self.large)

    def forget(self, run: str) -> None:
        """Take a run out wherever it is."""
        if run in self._queued:
            self._queued.discard(run)
            for queue in (self.small, self.large):
                if run in queue:
                    queue.remove(run)

    def _taken(self, queue: deque[str]) -> str | None:
        if not queue:
            return None
        run = queue.popleft()
        self._queued.discard(run)
        return run
