"""Times of module calls: stamps that cost nothing to take, and what lies between them.

On the CPU a stamp is a clock that stands still while vizkit itself works. On CUDA it is an event,
which a thread that may wait reads later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vizkit.hooks.guard import Guard
from vizkit.hooks.pace import now
from vizkit.kinds.scalar.value import Pending

Seconds = Sequence[float]


class HostClock:
    """Stands still while something of ours runs under the guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def now(self) -> Any:
        """Return the stamp of now, in seconds."""
        return now() - self._guard.seconds

    def resumed(self, stopped: Any) -> Any:
        """Return the stamp of when the user's work goes on that stood still at `stopped`."""
        return stopped


class EventClock:
    """Stamps the current CUDA stream; nobody waits."""

    def now(self) -> Any:
        """Return an event of now."""
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def resumed(self, stopped: Any) -> Any:
        """Return an event after our own kernels, which came after `stopped`."""
        return self.now()


Clock = HostClock | EventClock


def clock_of(model: torch.nn.Module, guard: Guard) -> Clock:
    """Return the clock for where the model's first parameter is."""
    first = next(model.parameters(), None)
    on_cuda = first is not None and first.device.type == "cuda"
    return EventClock() if on_cuda else HostClock(guard)


@dataclass
class Call:
    """One call of the module at `place`; autograd nodes from `start` to before `stop` are its.

    Stamps: it ran from `began` to `ended`; until `resumed` we measured its outputs.
    """

    place: int
    parent: int
    start: int
    began: Any = None
    stop: int = -1
    ended: Any = None
    resumed: Any = None
    is_inner: bool = False
    """Whether it runs inside another call of the same module."""


@dataclass(frozen=True)
class Firing:
    """A node that ran in backward: its number, the pass (a number too), and when."""

    number: int
    turn: int
    stamp: Any
    is_end: bool


@dataclass
class Times:
    """All stamps of a step."""

    calls: list[Call] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)

    def forward_ms(self, size: int) -> NDArray[np.float64] | Pending:
        """Return milliseconds of each place, all calls together, NaN without one; shape (size,)."""
        calls = list(self.calls)
        whole = [index for index, call in enumerate(calls) if call.ended is not None]
        stamps = [s for i in whole for s in (calls[i].began, calls[i].ended, calls[i].resumed)]

        def total(seconds: Seconds) -> NDArray[np.float64]:
            spans = zip(seconds[::3], seconds[1::3], seconds[2::3], strict=True)
            return _forward(calls, dict(zip(whole, spans, strict=True)), size)

        return _soon(stamps, total)

    def backward_ms(self, size: int) -> NDArray[np.float64] | Pending:
        """Return the same of the backward passes: from a call's last node to its first."""
        calls, firings = list(self.calls), list(self.firings)

        def total(seconds: Seconds) -> NDArray[np.float64]:
            return _backward(calls, firings, seconds, size)

        return _soon([firing.stamp for firing in firings], total)


@dataclass(frozen=True)
class Deferred(Pending):
    """Numbers that the reading thread makes once a device is done."""

    tensor: Any = None
    make: Callable[[], NDArray[np.float64]] | None = None

    def read(self) -> Any:
        """Wait for the device, and return the numbers."""
        assert self.make is not None
        return self.make()


def _soon(
    stamps: list[Any], total: Callable[[Seconds], NDArray[np.float64]]
) -> NDArray[np.float64] | Deferred:
    if not stamps or isinstance(stamps[0], float):
        return total(stamps)
    return Deferred(make=lambda: total(_read(stamps)))


def _read(events: list[Any]) -> list[float]:
    """Return when events came, in seconds since the first; waits for all of them."""
    for event in events:
        event.synchronize()
    return [events[0].elapsed_time(event) / 1e3 for event in events]


def _forward(
    calls: Sequence[Call], spans: Mapping[int, tuple[float, float, float]], size: int
) -> NDArray[np.float64]:
    """`spans`: when the calls of these indices began, ended and resumed."""
    found = np.full(size, np.nan)
    measuring = [0.0] * len(calls)
    # Inner calls come after the one that they run in.
    for index in sorted(spans, reverse=True):
        call, (began, ended, resumed) = calls[index], spans[index]
        if not call.is_inner:
            _add(found, call.place, ended - began - measuring[index])
        if call.parent >= 0:
            measuring[call.parent] += measuring[index] + resumed - ended
    return found


def _backward(
    calls: Sequence[Call], firings: Sequence[Firing], seconds: Seconds, size: int
) -> NDArray[np.float64]:
    found = np.full(size, np.nan)
    turns: defaultdict[int, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for firing, moment in zip(firings, seconds, strict=True):
        turns[firing.turn][firing.is_end].append((firing.number, moment))
    for begins, ends in turns.values():
        begins.sort()
        ends.sort()
        for call in calls:
            mine, last = _within(begins, call), _within(ends, call)
            if mine and last and not call.is_inner:
                _add(found, call.place, max(last) - min(mine))
    return found


def _within(moments: list[tuple[int, float]], call: Call) -> list[float]:
    """Return when nodes of a call ran; `moments` are in the order of the nodes' numbers."""
    first, stop = bisect_left(moments, (call.start,)), bisect_left(moments, (call.stop,))
    return [moment for _, moment in moments[first:stop]]


def _add(found: NDArray[np.float64], place: int, seconds: float) -> None:
    before = found[place]
    found[place] = 1e3 * max(seconds, 0.0) + (0.0 if np.isnan(before) else before)
