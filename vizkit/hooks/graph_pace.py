"""How much of the training's time the graph may take, and what that allows at this step."""

from __future__ import annotations

SHORT_STEP = 5e-3
"""Steps below this are tiny: our fixed part alone is some percent of them."""

SHARE, SHARE_OF_TINY = 0.007, 0.006
"""Less than half of what is promised (2 % and 5 %): the rest goes to what every step costs."""

CREDIT = 5e-3
"""Seconds that may be spent before any time has gone by."""

HORIZON = 30.0
"""Seconds of training that are remembered; a walk put off too long would come too late."""

SPACED_PART = 0.6
"""Of the share, what looking again at known structures takes; the rest is for new ones."""


class Pace:
    """An account: a share of the training's time comes in, what the graph costs goes out.

    Not `within_budget`, everything is allowed.
    """

    def __init__(self, *, within_budget: bool = True) -> None:
        self.is_free = not within_budget
        """Whether nothing is too dear."""
        self._spent = 0.0
        self._elapsed = 0.0
        self.total = 0.0
        """Seconds of training since the beginning."""
        self._since: float | None = None
        self.step_seconds = 0.0

    @property
    def is_tiny(self) -> bool:
        """Tell whether the steps are so short that even looking at a clock is felt."""
        return 0 < self.step_seconds < SHORT_STEP

    def stepped(self, now: float, steps: int = 1) -> None:
        """Note that so many steps ended, the last one at `now`, in seconds."""
        if self._since is not None:
            seconds = now - self._since
            known = self.step_seconds or seconds / steps
            # A long pause (validation, a checkpoint) is no measure of the steps.
            self.step_seconds = known + 0.1 * (min(seconds / steps, 3 * known) - known)
            self._elapsed += seconds
            self.total += seconds
            if self._elapsed > HORIZON:
                self._elapsed /= 2
                self._spent /= 2
        self._since = now

    @property
    def share(self) -> float:
        """Return the share of the time that may be spent."""
        tiny = self.step_seconds < SHORT_STEP
        return SHARE_OF_TINY if tiny else SHARE

    def allows(self, cost: float) -> bool:
        """Tell whether there is time for something of `cost` seconds now."""
        return self.is_free or self._spent + cost <= self.share * self._elapsed + CREDIT

    def affords_each_step(self, cost: float, part: float) -> bool:
        """Tell whether `cost` seconds at each step take at most `part` of the share."""
        return self.is_free or cost <= part * self.share * self.step_seconds

    def pause_after(self, cost: float) -> int:
        """Return for how many steps to leave out something that took `cost` seconds."""
        if self.is_free or not self.step_seconds:
            return 0
        return int(cost / (SPACED_PART * self.share * self.step_seconds))

    def spend(self, seconds: float) -> None:
        """Take from the account."""
        self._spent += seconds


class Savings:
    """A second account, for what is dear and rare: `part` of the share, and nothing fades."""

    def __init__(self, pace: Pace, part: float) -> None:
        self._pace = pace
        self._part = part
        self._spent = 0.0

    def allow(self, cost: float) -> bool:
        """Tell whether enough was saved for something of `cost` seconds."""
        pace = self._pace
        return pace.is_free or self._spent + cost <= self._part * pace.share * pace.total + CREDIT

    def spend(self, seconds: float) -> None:
        """Take from the account."""
        self._spent += seconds
