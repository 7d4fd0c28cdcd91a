"""What the modules did in one step: the moments of their outputs, their times, what they kept."""

from __future__ import annotations

import functools
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vizkit.hooks import graph_walk
from vizkit.hooks.activity_nodes import (
    CAN_READ,
    backward_is_compiled,
    bytes_by_place,
    edges_of,
    nodes_since,
)
from vizkit.hooks.activity_tally import Tally
from vizkit.hooks.activity_times import Call, Clock, Firing, Times
from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.shapes import tensors_in
from vizkit.kinds.scalar.value import Pending

MOST = 50_000
"""Calls of one step that are kept; a step with more has no activity at all."""


@dataclass
class ForwardPass:
    """An outermost call that ended; `bytes` that it keeps by place, until it `ran` backward."""

    bytes: dict[int, int]
    nodes: int
    ran: bool = False


class Record:
    """Told of each call of a module that has hooks; only the thread that trains is listened to.

    `storages` returns where parameters lie; `timed` calls a hook of ours and pays for it.
    """

    def __init__(
        self, clock: Clock, storages: Callable[[], set[int]], timed: Callable[..., None]
    ) -> None:
        self._clock = clock
        self._storages = storages
        self._timed = timed
        self._places: dict[str, int] = {}
        self._names: tuple[str, ...] = ()
        self._touchable = graph_walk.DEEPEST
        self._thread = 0
        self.clear()

    def clear(self) -> None:
        """Forget all, at the begin of a step; hooks that are still on nodes do nothing more."""
        for handle in getattr(self, "_handles", ()):
            handle.remove()
        self.calls = 0
        self._thread = 0
        self._since = sequence_number()
        self._times, self._tally = Times(), Tally()
        self._stack: list[int] = []
        self._errors: list[int] = []
        self._begun_with = 0
        self._roots: list[Any] = []
        self._passes: list[ForwardPass] = []
        self._peaks: defaultdict[int, int] = defaultdict(int)
        self._known: set[int] | None = None
        self._handles: list[Any] = []
        self._is_seen = CAN_READ

    @property
    def is_inside(self) -> bool:
        """Tell whether a call is under way."""
        return bool(self._stack)

    def enter(self, path: str, stamp: Any) -> None:
        """Begin a call of the module at `path`, if it belongs to a forward pass of the training.

        `stamp`: of just before, as at `leave`: the clock of the host stands still from then on.
        """
        if not self._is_heard():
            return
        calls = self._times.calls
        place = self._place(path)
        if not self._stack:
            self._begun_with = len(self._tally)
        parent = self._stack[-1] if self._stack else -1
        call = Call(place, parent, sequence_number(), stamp)
        call.is_inner = any(calls[index].place == place for index in self._stack)
        self._errors.append(_error())
        self._stack.append(len(calls))
        calls.append(call)

    def leave(self, path: str, output: Any, stamp: Any) -> None:
        """End the call; what raised is left out, and with it the pass that it ended."""
        place = self._places.get(path)
        calls = self._times.calls
        if not self._is_heard() or all(calls[index].place != place for index in self._stack):
            return
        while True:
            index, error = self._stack.pop(), self._errors.pop()
            if calls[index].place == place:
                break
        if error != _error():
            self._fail(index)
            return
        self._end(calls[index], stamp, output)
        if not self._stack:
            self._end_pass(index)

    def vectors(self) -> tuple[tuple[str, ...], dict[str, NDArray[np.float64] | Pending]]:
        """Return the modules' names and what is to be logged of them by tag, each shape (n,)."""
        size = len(self._names)
        if len(self._times.calls) >= MOST:
            return self._names, {}
        found = self._tally.vectors(size)
        found["forward_ms"] = self._times.forward_ms(size)
        found["backward_ms"] = self._times.backward_ms(size)
        if self._is_seen:
            found["memory_bytes"] = self._memory(size)
        return self._names, {tag: each for tag, each in found.items() if not _is_void(each)}

    def _is_heard(self) -> bool:
        if not self._stack:
            # Without gradients this is a validation; inside a call it is a frozen part.
            if not torch.is_grad_enabled() or _is_capturing():
                return False
            self._thread = self._thread or get_ident()
        if get_ident() != self._thread or len(self._times.calls) >= MOST:
            return False
        return _turn() < 0 and torch._C._get_tracing_state() is None

    def _place(self, path: str) -> int:
        place = self._places.get(path)
        if place is None:
            place = self._places[path] = len(self._names)
            self._names += (path or "(model)",)
        return place

    def _end(self, call: Call, stamp: Any, output: Any) -> None:
        call.stop = sequence_number()
        call.ended = stamp
        self._tally.add(call.place, output)
        if call.stop > call.start:
            self._roots += [tensor.grad_fn for tensor in tensors_in(output)]
        call.resumed = self._clock.resumed(stamp)

    def _fail(self, index: int) -> None:
        """Leave a call out that raised; forget the whole pass where nobody caught it inside."""
        if not self._stack:
            del self._times.calls[index:]
            self._tally.cut(self._begun_with)
            self._roots.clear()

    def _end_pass(self, first: int) -> None:
        """Look at the nodes that an outermost call made; `first` is the place of that call."""
        self.calls += 1
        calls = self._times.calls[first:]
        roots, self._roots = self._roots, []
        alive = [each for each in self._passes if not each.ran]
        most = min(graph_walk.deepest(), self._touchable) - sum(each.nodes for each in alive)
        nodes = nodes_since(roots, calls[0].start, self._since, most)
        if nodes is None:
            self._is_seen = False
            return
        if nodes.reaches_back:
            # Nodes of a chain that goes on from step to step may be touched only so often.
            self._touchable -= len(nodes.by_number)
        if self._known is None:
            self._known = self._storages()
        kept = bytes_by_place(calls, nodes.by_number, self._known)
        mine = ForwardPass(kept, len(nodes.by_number))
        self._passes.append(mine)
        for place in mine.bytes:
            together = sum(each.bytes.get(place, 0) for each in [*alive, mine])
            self._peaks[place] = max(self._peaks[place], together)
        if not backward_is_compiled():
            self._hook(nodes.by_number, calls, mine)

    def _hook(self, nodes: dict[int, Any], calls: list[Call], mine: ForwardPass) -> None:
        firsts, lasts = edges_of(calls, list(nodes))
        for numbers, is_end in ((firsts, False), (lasts, True)):
            for number in numbers:
                fires = functools.partial(self._fires, self._times, mine, number, is_end)
                node = nodes[number]
                put_on = node.register_hook if is_end else node.register_prehook
                self._handles.append(put_on(fires))

    def _fires(
        self, times: Times, mine: ForwardPass, number: int, is_end: bool, *gradients: Any
    ) -> None:
        # A graph that is kept beyond its step has its hooks no more, but this may run just then.
        if times is self._times:
            self._timed(self._fired, mine, number, is_end, self._clock.now())

    def _fired(self, mine: ForwardPass, number: int, is_end: bool, stamp: Any) -> None:
        mine.ran = True
        self._times.firings.append(Firing(number, _turn(), stamp, is_end))

    def _memory(self, size: int) -> NDArray[np.float64]:
        found = np.full(size, np.nan)
        for call in self._times.calls:
            if call.ended is not None:
                found[call.place] = self._peaks.get(call.place, 0)
        return found


def _is_void(numbers: NDArray[np.float64] | Pending) -> bool:
    return not isinstance(numbers, Pending) and bool(np.isnan(numbers).all())


def _error() -> int:
    """Return which exception is being handled, 0 for none."""
    return id(sys.exc_info()[1]) if sys.exc_info()[1] is not None else 0


def _turn() -> int:
    """Return the number of the backward pass that this thread runs, -1 for none."""
    turn: int = torch._C._current_graph_task_id()
    return turn


def _is_capturing() -> bool:
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
