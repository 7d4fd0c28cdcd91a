"""Keeps what was seen of backward passes, where there is more to see than was before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import thread_time

from torch import Tensor

from vizkit.hooks import graph_walk
from vizkit.hooks.graph_by_hand import survey_of
from vizkit.hooks.graph_hearing import Hearing
from vizkit.hooks.graph_history import History, PassClass, Structure
from vizkit.hooks.graph_pace import Pace, Savings
from vizkit.hooks.graph_trace import Trace, trace
from vizkit.hooks.graph_versions import HEARD, Versions
from vizkit.hooks.graph_walk import Names
from vizkit.hooks.subject import Named
from vizkit.kinds.vector.value import Vector

FREE = 8
"""Classes of passes that are captured whatever it costs: news of the structure are rare."""

NODES_FOR_ONE = 40
"""Nodes that are walked in the time in which one is captured and built."""


class Captures:
    """Decides which passes are worth their time, and hands them to `versions`."""

    def __init__(
        self,
        versions: Versions,
        hearing: Hearing,
        names: Callable[[], Names],
        parameters: Callable[[], Named],
        pace: Pace,
    ) -> None:
        self._versions = versions
        self._hearing = hearing
        self._names = names
        self._parameters = parameters
        self._savings = Savings(pace, 0.5)
        self.is_news = False
        """Whether anything was captured in this step."""

    def wants(self, kind: PassClass) -> bool:
        """Tell whether a pass that is known by its look is to be walked: its operations are new."""
        hearing = self._hearing
        if not hearing.operations.is_heard:
            return False
        return hearing.values.are_there or not self._versions.knows(kind, hearing.level)

    def offer(
        self, kind: PassClass, losses: Sequence[Tensor], turn: int, *, cost: float, fresh: bool
    ) -> None:
        """Capture a pass if that is worth it; `cost`: seconds that its walk took, about.

        `fresh`: it has a topology that was not met before.
        """
        if self._hearing.values.are_there:
            self._hearing.values.passed(losses, self._parameters())
        if kind.number < 0:
            return
        is_news = self._is_worth(kind, NODES_FOR_ONE * cost, fresh=fresh)
        if is_news or self._hearing.values.are_there:
            started = thread_time()
            found = trace(losses, self._names(), graph_walk.deepest())
            self._capture(kind, found, turn, is_news=is_news)
            self.spend(thread_time() - started)

    def offer_operations(self, history: History, turn: int) -> list[PassClass]:
        """Take the operations of a step without a backward pass; return their class, if any."""
        tracing = self._hearing.operations
        heard = tracing.heard()
        if not tracing.by_hand or heard is None or not heard[0]:
            return []
        seen = survey_of(*heard)
        kind = history.pass_class(seen)
        is_known = self._versions.knows(kind, self._hearing.level)
        is_news = kind.add(seen) or not is_known
        if kind.number >= 0 and (is_news or self._hearing.values.are_there):
            self._capture(kind, Trace((), ()), turn, is_news=is_news)
        return [kind]

    def numbers(self, structure: Structure, turn: int) -> dict[str, Vector]:
        """Return the numbers of a tiny graph's nodes at this step, where they were taken."""
        values = self._hearing.values
        return self._versions.numbers(structure, turn, values) if values.are_there else {}

    def spend(self, seconds: float) -> None:
        """Take what captures cost from their account."""
        self._savings.spend(seconds)

    def _is_worth(self, kind: PassClass, cost: float, *, fresh: bool) -> bool:
        level = self._hearing.level
        if not self._versions.knows(kind, level):
            asked = self._hearing.operations.is_asked
            return asked or self._versions.passes < FREE or self._savings.allow(cost)
        return fresh and level >= HEARD and self._savings.allow(cost)

    def _capture(self, kind: PassClass, found: Trace, turn: int, *, is_news: bool) -> None:
        self._versions.capture(kind, self._hearing.passed(found, turn))
        self.is_news = self.is_news or is_news
