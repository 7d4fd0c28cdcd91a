"""The playhead: where a replay stands, how fast it goes. Live is replay that follows the end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from vizkit.errors import UsageError

FOLLOWING, PLAYING, PAUSED = "following", "playing", "paused"
SLOWEST, FASTEST = 0.25, 64.0


@dataclass(frozen=True)
class Playhead:
    """A place on an axis. Every method returns another playhead; none changes this one.

    mode: "following" (always at the end), "playing" or "paused". at: the place, in units of the
    axis; where it follows, the end as last seen. speed: units of the axis a second, times rate.
    """

    mode: str = FOLLOWING
    at: float = -math.inf
    speed: float = 1.0

    def advance(self, seconds: float, end: float, rate: float = 1.0) -> Playhead:
        """Return where it stands after some time; it never runs past the end, nor back.

        seconds: since the last call, 0 or more. end: the last known place. rate: units of the
        axis that one second of replay at speed 1 stands for. One that is playing and reaches the
        end pauses there.
        """
        if self.mode == FOLLOWING:
            return replace(self, at=end)
        if self.mode == PAUSED:
            return self
        place = self.at + max(0.0, seconds) * self.speed * rate
        if place < end:
            return replace(self, at=place)
        return replace(self, mode=PAUSED, at=end)

    def play(self, speed: float | None = None) -> Playhead:
        """Return it playing from where it stands, at `speed` or as fast as before.

        Raises:
            UsageError: for a speed below 0.25 or above 64.
        """
        speed = self.speed if speed is None else speed
        if not SLOWEST <= speed <= FASTEST:
            raise UsageError(f"Speed {speed!r} is not from {SLOWEST} to {FASTEST}.")
        return replace(self, mode=PLAYING, speed=speed)

    def pause(self, at: float | None = None) -> Playhead:
        """Return it paused at a place, or where it stands."""
        return replace(self, mode=PAUSED, at=self.at if at is None else at)

    def follow(self) -> Playhead:
        """Return it following the end."""
        return replace(self, mode=FOLLOWING)

    @property
    def until(self) -> float | None:
        """Return the `until` of reads: None while following, since all that is known counts."""
        return None if self.mode == FOLLOWING else self.at
