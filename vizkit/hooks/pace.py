"""Time per step, samples per second and our own share of it."""

from __future__ import annotations

from time import perf_counter

from vizkit.hooks.guard import Guard


class Pace:
    """Measures from row to row; the first row has nothing to measure from."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._since: float | None = None
        self._samples = 0
        self._steps = 0
        self.step_seconds: float | None = None

    def stepped(self, finished: float, samples: int) -> None:
        """Note a step that finished at `finished` on the performance counter."""
        self._steps += 1
        self._samples += samples
        if self._since is not None:
            self.step_seconds = max(finished - self._since, 1e-9) / self._steps

    def values(self, finished: float) -> dict[str, float]:
        """Return what is logged of the steps since the last call, and begin anew."""
        found = {} if self._since is None else self._values(finished - self._since)
        self._since = finished
        self._steps = self._samples = 0
        self._guard.seconds = 0.0
        return found

    def _values(self, seconds: float) -> dict[str, float]:
        seconds = max(seconds, 1e-9)
        found = {
            "perf/step_ms": 1e3 * seconds / max(self._steps, 1),
            "perf/vizkit_share": min(self._guard.seconds / seconds, 1.0),
        }
        if self._samples:
            found["perf/samples_per_s"] = self._samples / seconds
        return found


def now() -> float:
    """Return the performance counter, in seconds."""
    return perf_counter()
