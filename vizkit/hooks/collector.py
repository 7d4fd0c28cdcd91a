"""Turns what torch tells about a training into parts and rows of the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from vizkit.hooks.budget import Budget
from vizkit.hooks.gradients import GradientNorms
from vizkit.hooks.guard import Guard
from vizkit.hooks.losses import Losses
from vizkit.hooks.pace import Pace, now
from vizkit.hooks.rates import rates_of
from vizkit.hooks.roster import Plan, Roster
from vizkit.hooks.rows import Assembly, Part, Row, values_of
from vizkit.hooks.samples import Samples
from vizkit.hooks.settings import Settings
from vizkit.hooks.weights import Before, Weights

Log = Callable[[dict[str, Any], int, float], None]
"""Takes the values, the step and the wall time of a row."""


class Collector:
    """Knows nothing of hooks: it is told of steps and asked for what they contribute."""

    def __init__(
        self, settings: Settings, roster: Roster, guard: Guard, assembly: Assembly, log: Log
    ) -> None:
        self.losses = Losses()
        self.samples = Samples()
        self.rows = assembly
        self._settings = settings
        self._roster = roster
        self._guard = guard
        self._log = log
        self._gradients = GradientNorms()
        self._weights = Weights()
        self._pace = Pace(guard)
        self._budget = Budget(settings.budget)
        self._due: tuple[int, bool] = (-1, False)
        self.on_gradients: list[tuple[str, Callable[[Part], None]]] = []
        """(name for the guard, act): told of gradients just before the weights change by them."""
        self.on_step: list[tuple[str, Callable[[int], None]]] = []
        """(name for the guard, act): told of each step that ends, also of those not logged."""

    def begin(self, plan: Plan, key: Any) -> tuple[Part, int]:
        """Open a part of the step that begins now, and return it with the step's number."""
        step, ended = self.rows.begin(key)
        self._emit(ended)
        return Part(plan, key), step

    def add_rates(self, part: Part, optimizer: Any) -> None:
        """Note the learning rates of now."""
        part.rates = self._guard.call("lr", rates_of, optimizer) or {}

    def add_gradients(
        self, part: Part, step: int, gradients: list[Tensor | None], scale: Tensor | None = None
    ) -> None:
        """Measure the gradients, if this step's turn has come; `scale` divides them."""
        if self._settings.logs(step) and self._is_due(step):
            started = now()
            self._guard.call("grad_norm", self._measure, part, gradients, scale)
            self._budget.spent(now() - started)

    def gradients_ready(self, part: Part) -> None:
        """Tell that the weights are about to change by the gradients that were measured."""
        for name, act in self.on_gradients:
            self._guard.call(name, act, part)

    def weights_before(self, step: int, parameters: list[Tensor]) -> Before | None:
        """Copy the weights before a step, if they are compared at it."""
        if not self._settings.weighs(step):
            return None
        return self._guard.call("weight_norm", self._weights.before, parameters)

    def add_weights(self, part: Part, before: Before | None, parameters: list[Tensor]) -> None:
        """Compare the weights with those before the step."""
        if before is None:
            return
        part.vectors["weight_norm"] = (part.plan.positions, before.norms)
        ratio = self._guard.call("weight_norm", self._weights.after, before, parameters)
        if ratio is not None:
            part.vectors["update_ratio"] = (part.plan.positions, ratio)

    def end(self, *parts: Part) -> None:
        """Close parts that came together, with the loss since the last; log a complete row."""
        parts[0].loss = self.losses.take()
        parts[0].samples = self.samples.take()
        self._emit(self.rows.add(list(parts), time.time(), now()))

    def restart(self) -> None:
        """Forget this thread's losses and samples: they belong to no step of ours."""
        self.losses.discard()
        self.samples.take()

    def flush(self) -> None:
        """Log a row that still waits for further optimizers."""
        self._emit(self.rows.close())

    def _is_due(self, step: int) -> bool:
        # One answer for all optimizers of a step.
        if self._due[0] != step:
            self._due = (step, self._budget.due())
        return self._due[1]

    def _measure(self, part: Part, gradients: list[Tensor | None], scale: Tensor | None) -> None:
        found = self._gradients.measure(part.plan, gradients, scale)
        if found is not None:
            part.vectors["grad_norm"] = (found.places, found.norms)
            part.grad_norm = found.total
            part.clipped = found.clipped
            if found.nonfinite is not None:
                part.vectors["grad_nonfinite"] = (found.places, found.nonfinite)

    def _emit(self, row: Row | None) -> None:
        if row is not None:
            self._guard.call("row", self._log_row, row)

    def _log_row(self, row: Row) -> None:
        for name, act in self.on_step:
            self._guard.timed(name, act, row.step)
        self._pace.stepped(row.finished, sum(part.samples for part in row.parts))
        if self._pace.step_seconds is not None:
            self._budget.stepped(self._pace.step_seconds)
        if self._settings.logs(row.step):
            values = values_of(row, self._roster.names, several=self.rows.several())
            self._log(values | self._pace.values(row.finished), row.step, row.wall_time)
