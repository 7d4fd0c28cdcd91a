"""When module calls are listened to: at first, where it costs nothing, and where it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vizkit.hooks.graph_calls import Call, ModuleCalls
from vizkit.hooks.graph_pace import Pace
from vizkit.kinds.graph.graph import Shape

FIRST_STEPS = 3
PATIENCE = 50
"""Steps to wait, listening, for a structure that was met once without being heard."""

SECONDS_PER_CALL = 8e-6
SECONDS_PER_HOOK = 15e-6
EACH_STEP_PART = 0.3
"""Of the time that the graph may take, what listening at each step may."""

SAMPLED_EVERY = 100
"""Steps after which one is listened to again, where loops had new lengths and time allows."""


class Listening:
    """Arms and disarms the hooks on modules; without a model there is nothing to hear."""

    def __init__(self, calls: ModuleCalls | None, pace: Pace) -> None:
        self._calls = calls
        self._pace = pace
        self._left = FIRST_STEPS
        self._idle = 0
        self.wanted = False
        """Whether the structure of now waits to be heard."""
        self.missed = False
        """Whether something new ran since, unheard."""
        if calls is not None:
            calls.arm()

    @property
    def is_armed(self) -> bool:
        """Tell whether module calls are listened to now."""
        return self._calls is not None and self._calls.armed

    @property
    def is_heard(self) -> bool:
        """Tell whether calls are listened to; without modules there is nothing more to hear."""
        return self._calls is None or self._calls.armed

    @property
    def is_partial(self) -> bool:
        """Tell whether modules were called where nobody listens, in this step so far."""
        return self._calls is not None and self._calls.on_other_threads

    def heard(self) -> tuple[Sequence[Call], Sequence[tuple[Shape, str]]] | None:
        """Return calls and model inputs of this step so far, None if nobody listened."""
        if self._calls is None:
            return (), ()
        return (self._calls.rows, self._calls.inputs) if self._calls.armed else None

    def sketch(self) -> Any:
        """Return what the calls of this step look like; None where nobody listens."""
        if self._calls is None or not self._calls.armed or not self._calls.rows:
            return None
        first = self._calls.rows[0].start
        return hash(tuple([(call.path, call.start - first) for call in self._calls.rows]))

    def pause(self) -> None:
        """Hear nothing for a while."""
        if self._calls is not None:
            self._calls.paused = True

    def resume(self) -> None:
        """Hear again."""
        if self._calls is not None:
            self._calls.paused = False

    def stepped(self, *, is_traced: bool = False) -> None:
        """End a step; listen on, or again, where something waits to be heard.

        `is_traced`: the operations of the next step are listened to, and so are its calls.
        """
        if self._calls is None:
            return
        if self._calls.armed:
            self._go_on(self._calls, is_traced=is_traced)
        elif is_traced:
            self.begin()
        elif self.wanted or self.missed:
            self._begin_again(self._calls)

    def begin(self) -> None:
        """Listen from now on, until this step is over."""
        if self._calls is not None and not self._calls.armed:
            self._left = 1
            self._calls.arm()

    def remove(self) -> None:
        """Take all hooks off."""
        if self._calls is not None:
            self._calls.remove()

    def _go_on(self, calls: ModuleCalls, *, is_traced: bool) -> None:
        cost = SECONDS_PER_CALL * len(calls.rows)
        self._pace.spend(cost)
        calls.clear()
        self._left -= 1
        if is_traced or self._left > 0 or self._pace.affords_each_step(cost, EACH_STEP_PART):
            return
        if not self.wanted or self._left < FIRST_STEPS - PATIENCE:
            self._idle = 0
            self._pace.spend(SECONDS_PER_HOOK * calls.modules())
            calls.disarm()

    def _begin_again(self, calls: ModuleCalls) -> None:
        self._idle += 1
        is_due = self.wanted or self._idle >= SAMPLED_EVERY
        if is_due and self._pace.allows(2 * SECONDS_PER_HOOK * calls.modules()):
            self._left = 1
            self.missed = False
            calls.arm()
