"""Trainings without an optimizer: the user changes the weights and calls `watch.step()`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vizkit.hooks.collector import Collector
from vizkit.hooks.roster import Roster
from vizkit.hooks.rows import Part
from vizkit.hooks.weights import Before


class ManualKey:
    """Stands for the user's own updates."""


class ManualSteps:
    """Measures gradients as a backward pass leaves them, or at the step where there is none.

    Weights are compared from step to step, since nobody tells when the update begins.
    """

    def __init__(self, collector: Collector, roster: Roster) -> None:
        self._collector = collector
        self._roster = roster
        self._key = ManualKey()
        self._measured: Part | None = None
        self._before: Before | None = None
        self.saw_backward = False
        self._copy_weights()

    def backward_ended(self) -> None:
        """Measure what was accumulated so far; the user may clear it before the step."""
        self.saw_backward = True
        plan, parameters = self._roster.whole()
        self._measured = Part(plan, self._key)
        self._add_gradients(self._measured, self._collector.rows.step + 1, parameters)

    def step(self) -> None:
        """End the step that the user made by hand."""
        plan, parameters = self._roster.whole()
        part, number = self._collector.begin(plan, self._key)
        measured, self._measured = self._measured, None
        if measured is None:
            self._add_gradients(part, number, parameters)
        else:
            part.vectors, part.grad_norm = measured.vectors, measured.grad_norm
            part.clipped = measured.clipped
        self._collector.add_weights(part, self._before, parameters)
        self._collector.end(part)
        self._copy_weights()

    def _add_gradients(self, part: Part, number: int, parameters: list[Any]) -> None:
        gradients: list[Tensor | None] = [parameter.grad for parameter in parameters]
        self._collector.add_gradients(part, number, gradients)

    def _copy_weights(self) -> None:
        _, parameters = self._roster.whole()
        number = self._collector.rows.step + 1
        self._before = self._collector.weights_before(number, parameters)
