"""Which optimizer step is under way on each thread, and which ones only run inside it."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from vizkit.hooks.rows import Part
from vizkit.hooks.weights import Before


@dataclass
class Step:
    """An optimizer's step between its pre and post hook; `depth` of the stack tells it apart."""

    depth: int
    number: int
    part: Part
    parameters: list[Tensor]
    has_closure: bool
    before: Before | None


class Steps:
    """The outermost step of each thread.

    A subclass that calls `super().step()`, or an optimizer around another one, fires the hooks
    twice; the inner ones are deeper on the stack. A step that raised never ends: the next one that
    is not deeper replaces it.
    """

    def __init__(self) -> None:
        self._live: dict[int, Step] = {}

    def is_inside(self, depth: int) -> bool:
        """Tell whether a step at `depth` runs inside another one."""
        live = self._live.get(threading.get_ident())
        return live is not None and depth > live.depth

    def is_live(self) -> bool:
        """Tell whether this thread is inside a step."""
        return threading.get_ident() in self._live

    def begin(self, step: Step) -> None:
        """Remember the outermost step."""
        self._live[threading.get_ident()] = step

    def end(self, depth: int) -> Step | None:
        """Return the step that ends at `depth`, None if that is an inner one's end."""
        if not self.is_live() or self.is_inside(depth):
            return None
        return self._live.pop(threading.get_ident())


def stack_depth() -> int:
    """Return how many frames are on this thread's stack."""
    frame: Any = sys._getframe(1)
    depth = 0
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return depth
