"""What is heard of a step besides its backward passes: module calls, and sometimes operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_listening import Listening
from vizkit.hooks.graph_trace import Trace
from vizkit.hooks.graph_tracing import Tracing
from vizkit.hooks.graph_values import Values
from vizkit.hooks.graph_versions import HEARD, TRACED, UNHEARD
from vizkit.hooks.guard import Guard


class Hearing:
    """Listens to calls and to operations together: the latter say nothing without the former."""

    def __init__(self, listening: Listening, tracing: Tracing, guard: Guard) -> None:
        self.calls = listening
        self.operations = tracing
        self.values = Values()
        tracing.operations.saw = self.values.saw
        self._guard = guard

    @property
    def level(self) -> int:
        """Return how much is heard of this step."""
        if not self.calls.is_heard:
            return UNHEARD
        return HEARD if self.operations.heard() is None else TRACED

    def passed(self, found: Trace, turn: int) -> Pass:
        """Return a backward pass with what was heard until now."""
        calls, inputs = self.calls.heard() or (None, ())
        ops, loose = self.operations.heard() or (None, ())
        return Pass(found, turn, calls, inputs, self.calls.is_partial, ops, loose)

    def pause(self) -> None:
        """Hear nothing for a while: what backward calls again ran before."""
        self.calls.pause()
        self.operations.operations.paused = True

    def resume(self) -> None:
        """Hear again."""
        self.calls.resume()
        self.operations.operations.paused = False

    @contextmanager
    def everything(self) -> Iterator[None]:
        """Hear all operations inside, unless something may be compiled there."""
        self.calls.begin()
        entered = self._guard.call("graph operations", self.operations.enter)
        try:
            yield
        finally:
            if entered:
                self.operations.leave()

    def stepped(self, coming: int, *, waits: bool) -> None:
        """End a step; `waits`: there is more to be heard of what ran in it."""
        self.operations.stepped(coming, waits=waits)
        self.values.clear()
        self.calls.stepped(is_traced=self.operations.goes_on)

    def is_idle(self, coming: int) -> bool:
        """Tell whether nothing is heard, in this step as in the coming one."""
        tracing = self.operations
        return not (self.calls.is_armed or tracing.is_heard or tracing.is_due(coming))

    def remove(self) -> None:
        """Take all hooks off."""
        self.operations.remove()
        self.calls.remove()
        self.values.clear()
