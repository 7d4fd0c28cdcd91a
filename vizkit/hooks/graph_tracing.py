"""When operations are listened to: in the first forward pass, where news wait, and as asked for."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from threading import get_ident
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from vizkit.hooks import graph_modes
from vizkit.hooks.eager_modules import anything_compiled, anything_to_compile, roots_of
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_ops import MOST, Loose, Op, Operations, is_transforming
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.guard import Guard
from vizkit.hooks.quiet_hook import QuietHook
from vizkit.hooks.shapes import is_compiled

SECONDS_PER_OP = 25e-6
LONGEST_PAUSE = 1024
"""Steps until a root that was not called is listened to again."""

FEWEST = 20
"""Operations that a step is taken to have before any was counted."""

Traced = tuple[Sequence[Op], Sequence[Loose]]


class Tracing:
    """Puts the function mode on the stack while a root module runs, or in `watch.trace()`.

    `every`: also each so many steps, whatever it costs. Never where anything may be compiled: the
    mode would be compiled in. Nor in the steps in between: then there is nothing on the modules.
    """

    def __init__(
        self,
        model: nn.Module | None,
        operations: Operations,
        guard: Guard,
        pace: Pace,
        every: int | None,
    ) -> None:
        self.operations = operations
        self._mode = FunctionMode(operations, guard)
        self._model = None if model is None else weakref.ref(model)
        self._guard = guard
        self._pace = pace
        self._every = every
        self._hooks: list[RemovableHandle] = []
        self._below: graph_modes.Stack | None = None
        self._thread = 0
        self._depth = 0
        self._heard = False
        self._is_inside = False
        self._count = FEWEST
        self._pause = self._next_pause = 0
        self.is_asked = False
        """Whether the user wants this step's operations, whatever they cost."""
        self.by_hand = False
        """Whether the user asked for this step."""
        self.is_wanted = False
        """Whether the coming forward pass is listened to."""
        self._want(True)

    def heard(self) -> Traced | None:
        """Return the operations of this step so far, None if nobody listened to all of them."""
        rows = self.operations.rows
        return (rows, self.operations.loose) if self._heard and len(rows) < MOST else None

    def stepped(self, coming: int, *, waits: bool) -> None:
        """End a step; listen in the `coming` one if it is its turn, or if something new `waits`."""
        self._depth = 0
        if not self._is_inside:
            self._leave()
        if self._heard:
            self._count = max(FEWEST, len(self.operations.rows))
            self._pace.spend(SECONDS_PER_OP * self._count)
            self.operations.clear()
            self._next_pause = 0
        elif self.is_wanted:
            # The root was not called, or would have taken a fast path: ask again, ever later.
            self._pause = self._next_pause = min(2 * self._next_pause + 1, LONGEST_PAUSE)
        self._heard = self.by_hand = self._is_inside
        self._pause -= self._pause > 0
        cost = SECONDS_PER_OP * self._count
        may_hear = not self._pause and self._pace.allows(cost)
        self._want(self.is_due(coming) or (waits and may_hear))
        self.is_asked = self._is_inside or self.is_due(coming)

    def is_due(self, step: int) -> bool:
        """Tell whether the user wants this step's operations."""
        return self._every is not None and step % self._every == 0

    @property
    def is_heard(self) -> bool:
        """Tell whether operations of this step were listened to."""
        return self._heard

    @property
    def goes_on(self) -> bool:
        """Tell whether operations of the coming step are listened to."""
        return self.is_wanted or self._is_inside

    def enter(self) -> bool:
        """Begin to listen as the user asked; tell whether that was possible and not so already."""
        entered = self._enter()
        if entered:
            self._is_inside = self.by_hand = self.is_asked = True
        return entered

    def leave(self) -> None:
        """Listen no more."""
        self._is_inside = False
        self._leave()

    def remove(self) -> None:
        """Take everything off."""
        self.is_wanted = False
        self._depth = 0
        self.leave()
        self._unhook()

    def _want(self, wanted: bool) -> None:
        if wanted and not self._hooks:
            self._hook()
        elif not wanted and self._hooks and not anything_compiled():
            self._unhook()
        self.is_wanted = wanted and bool(self._hooks)

    def _hook(self) -> None:
        model = self._model() if self._model else None
        if model is None or is_compiled(model) or anything_to_compile():
            return
        before, after = QuietHook(self._before), QuietHook(self._after)
        for root in roots_of(model):
            # First in and last out: hooks of the user's that change modes are inside of ours.
            self._hooks += [
                root.register_forward_pre_hook(before, prepend=True),
                root.register_forward_hook(after, always_call=True),
            ]

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _before(self, module: nn.Module, inputs: Any) -> None:
        if self._depth and self._thread == get_ident():
            self._depth += 1
        elif self.is_wanted and torch.is_grad_enabled() and not self.operations.paused:
            self._depth = 1 if self._guard.call("graph operations", self._enter) else 0

    def _after(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if self._depth and self._thread == get_ident():
            self._depth -= 1
            if not self._depth:
                self._leave()  # whatever broke: it has to come off the stack

    def _enter(self) -> bool:
        if self._below is not None or not self._may_enter():
            return False
        self._thread = get_ident()
        self._heard = True
        self._below = graph_modes.enter(self._mode)
        return True

    def _leave(self) -> None:
        if self._below is not None and self._thread == get_ident():
            below, self._below = self._below, None
            graph_modes.leave(self._mode, below)

    def _may_enter(self) -> bool:
        """Tell whether the mode changes nothing but the time that operations take."""
        model = self._model() if self._model else None
        return not (
            torch._C._get_tracing_state() is not None
            or is_transforming()
            or anything_to_compile()
            or (model is not None and (is_compiled(model) or takes_fast_path(model)))
        )


FAST = (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)


def takes_fast_path(model: nn.Module) -> bool:
    """Tell whether attention may run as one operation, which it does not where a mode listens.

    Source: `why_not_fast_path` in torch.nn.modules.activation.
    """
    return any(isinstance(each, FAST) and not each.training for each in model.modules())
