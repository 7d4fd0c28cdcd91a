"""How often gradient norms are measured: every step, unless that takes too much of it."""

from __future__ import annotations

from collections import deque
from math import ceil
from statistics import median

WINDOW = 15
FREE_SECONDS = 1e-3
"""Measuring that takes less than this is never put off: small models keep every step."""


class Budget:
    """Lets every k-th step be measured, so that measuring takes at most `share` of the time.

    k follows the medians of the last measurements and steps; `share` None: k is always 1.
    """

    def __init__(self, share: float | None) -> None:
        self._share = share
        self._costs: deque[float] = deque(maxlen=WINDOW)
        self._steps: deque[float] = deque(maxlen=WINDOW)
        self._waited = 0
        self.interval = 1

    def due(self) -> bool:
        """Tell whether this step is measured; ask once a step."""
        self._waited += 1
        if self._waited < self.interval:
            return False
        self._waited = 0
        return True

    def spent(self, cost: float) -> None:
        """Note what one measurement took, in seconds."""
        self._costs.append(cost)

    def stepped(self, seconds: float) -> None:
        """Note how long a step took, our part included."""
        self._steps.append(seconds)
        if self._share is not None and len(self._costs) >= WINDOW and len(self._steps) >= WINDOW:
            self.interval = self._fitting(self._share)

    def _fitting(self, share: float) -> int:
        cost, step = median(self._costs), median(self._steps)
        if cost <= FREE_SECONDS or share <= 0:
            return 1
        return max(1, ceil(cost / (share * step)))
