"""Graphs that must not be walked: too deep, or grown over the steps for want of a detach()."""

from __future__ import annotations

from typing import Protocol

from vizkit.hooks.graph_walk import Survey

TURNS = 5
"""Walks in a row, each reaching further back into earlier steps, after which it is a finding."""

DETACH = (
    "missing detach(): the graph of each step reaches back into all steps before and grows. "
    "Detach the hidden state that is carried from step to step (state = state.detach())"
)
TOO_DEEP = "a step's graph has more nodes than can be walked safely; what it ran was not recorded"


class Find(Protocol):
    """Takes a finding."""

    def __call__(self, step: int, sentence: str, *, warn: bool) -> None:
        """Note it; `warn`: also tell the user."""


class Growth:
    """Decides after each walk whether the next one is safe."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._nodes = 0
        self._turns = 0
        self._wait = 1
        self._next = 0
        self._is_over = False

    def may_walk(self, turn: int) -> bool:
        """Tell whether the graph of this turn may be walked."""
        return not self._is_over and turn >= self._next

    def allows(self, seen: Survey, step: int, turn: int) -> bool:
        """Take a walk; tell whether what it saw is of any use."""
        grown = seen.old > 0 and seen.nodes > self._nodes
        self._turns = self._turns + 1 if grown else 0
        self._nodes = seen.nodes
        if self._turns >= TURNS:
            self._give_up(step)
        return not self._is_over

    def too_deep(self, seen: Survey, step: int, turn: int) -> None:
        """Take a walk that was cut; one that reached into earlier steps was the last.

        Another walk would touch nodes of the same chain, and each touched one deepens the
        recursion in which it is freed.
        """
        if seen.old:
            self._give_up(step)
            return
        if self._wait == 1:
            self._find(step, TOO_DEEP, warn=False)
        self._next = turn + self._wait
        self._wait = min(2 * self._wait, 1 << 20)

    def _give_up(self, step: int) -> None:
        if not self._is_over:
            self._is_over = True
            self._find(step, DETACH, warn=True)
