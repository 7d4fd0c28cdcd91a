"""Hears optimizers, backward passes, scalers and the user's own steps of one watched training."""

from __future__ import annotations

import os
from threading import get_ident
from typing import Any

import torch
from torch import Tensor

from vizkit.errors import warn_once
from vizkit.hooks import patches, scaling
from vizkit.hooks.collector import Collector
from vizkit.hooks.graph_recorder import GraphRecorder
from vizkit.hooks.guard import Guard
from vizkit.hooks.manual import ManualSteps
from vizkit.hooks.nan_origin import NanOrigin
from vizkit.hooks.nesting import stack_depth
from vizkit.hooks.optimizer_steps import Arguments, OptimizerSteps
from vizkit.hooks.ownership import Probes
from vizkit.hooks.roster import Roster, parameters_of


class Listener:
    """Implements `patches.Listener` and both hooks of optimizers; nothing of it raises.

    Without `manual` steps, the user's first `watch.step()` begins them. `graph` hears the backward
    passes that are this training's; `origin` searches what is not finite, unless several train.
    """

    def __init__(
        self,
        collector: Collector,
        roster: Roster,
        guard: Guard,
        *,
        manual: bool,
        graph: GraphRecorder | None = None,
        origin: NanOrigin | None = None,
    ) -> None:
        self._graph = graph
        self._origin = origin
        self.thread = get_ident()
        self._collector = collector
        self._roster = roster
        self._guard = guard
        self._optimizers = OptimizerSteps(collector, roster)
        self._manual = ManualSteps(collector, roster) if manual else None
        self._pid = os.getpid()
        self._met_strangers = False
        self._ended_before = 0
        self._probes = Probes()
        self._probes.choose(roster.whole()[1])

    @property
    def current_step(self) -> int:
        """Return the step under way, or the last one where none has begun since."""
        rows = self._collector.rows
        by_hand = self._manual is not None and not self._manual.saw_backward
        begun = by_hand or (self._collector.losses.pending() and not rows.is_open)
        return rows.step + 1 if begun else rows.begun

    def before_step(self, optimizer: Any, args: Any, kwargs: Any) -> Arguments | None:
        """Take the pre hook of any optimizer; returns its arguments if they change."""
        if os.getpid() != self._pid:
            return None
        return self._guard.timed(
            "step", self._before_step, optimizer, (args, kwargs), stack_depth()
        )

    def after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Take the post hook of any optimizer."""
        if os.getpid() == self._pid:
            self._guard.timed("step", self._after_step, stack_depth())

    def backward_begins(self, roots: tuple[Tensor, ...]) -> None:
        """Remember the gradients, if the backward pass may be another training's."""
        if patches.is_anothers(self):
            return
        if self._graph is not None:
            # What backward calls again (checkpoints) ran before.
            self._graph.hearing.pause()
        if self._is_shared():
            self._guard.timed("loss", self._probes.mark)
        elif self._origin is not None and os.getpid() == self._pid:
            self._guard.call("nan origin", self._origin.backward_begins, roots)

    def backward_ended(self, roots: tuple[Tensor, ...]) -> None:
        """Take the loss, and the gradients where nobody else will tell of the step."""
        if patches.is_anothers(self):
            return
        if self._graph is not None:
            self._graph.hearing.resume()
        if os.getpid() == self._pid:
            self._guard.timed("loss", self._backward_ended, roots)

    def backward_failed(self) -> None:
        """Forget what the failed backward pass began."""
        if patches.is_anothers(self):
            return
        if self._graph is not None:
            self._graph.hearing.resume()
        self._optimizers.backward_failed()

    def scaler_steps(self, scaler: Any, optimizer: Any) -> None:
        """Remember the scale of this step."""
        self._ended_before = self._optimizers.ended
        self._optimizers.scale = self._guard.timed("amp", scaling.scale_of, scaler)

    def scaler_stepped(self, scaler: Any, optimizer: Any) -> None:
        """Note a skipped step, if the optimizer's own step never came."""
        if self._optimizers.ended == self._ended_before:
            self._guard.timed("amp", self._optimizers.skipped, optimizer)
        self._optimizers.scale = None

    def step(self) -> None:
        """End a step that the user made without an optimizer."""
        if self._optimizers.ended:
            warn_once(
                "watch step",
                "optimizer.step() already marks the steps; watch.step() is left out.",
                stacklevel=3,
            )
        elif os.getpid() == self._pid:
            self._guard.timed("step", self._step)

    def _before_step(self, optimizer: Any, arguments: Arguments, depth: int) -> Arguments | None:
        if _is_capturing():
            return None
        parameters = parameters_of(optimizer)
        plan = self._roster.plan(optimizer, parameters)
        if plan is None:
            self._meet_stranger()
            return None
        self.thread = get_ident()
        return self._optimizers.before(optimizer, plan, parameters, arguments, depth)

    def _meet_stranger(self) -> None:
        # What this thread's backward passes gave so far was the stranger's; from now on we look.
        if not self._is_shared():
            self._collector.restart()
        self._met_strangers = True

    def _after_step(self, depth: int) -> None:
        self._optimizers.after(depth)
        self._manual = None if self._optimizers.ended else self._manual

    def _backward_ended(self, roots: tuple[Tensor, ...]) -> None:
        if self._is_shared() and not self._probes.changed():
            return
        if self._graph is not None:
            self._guard.call("captured graph", self._graph.passed, roots)
        for root in roots:
            if isinstance(root, Tensor) and root.numel() == 1:
                self._collector.losses.add_root(scaling.unscaled(root))
        self._collector.samples.backward_ended()
        self._optimizers.backward_ended()
        if self._manual is not None:
            self._manual.backward_ended()

    def _step(self) -> None:
        if self._manual is None:
            self._manual = ManualSteps(self._collector, self._roster)
        self._manual.step()

    def _is_shared(self) -> bool:
        return self._met_strangers or patches.listeners() > 1


def _is_capturing() -> bool:
    """Tell whether a CUDA graph records this step: what we would do would be replayed with it."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()
