"""From the hooks around `optimizer.step()` to parts: closures, nesting, AMP, steps in backward."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torch import Tensor

from vizkit.hooks import patches
from vizkit.hooks.collector import Collector
from vizkit.hooks.losses import Number
from vizkit.hooks.nesting import Step, Steps
from vizkit.hooks.roster import Plan, Roster, parameters_of
from vizkit.hooks.rows import Part

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class BackwardKey:
    """Stands for all optimizers that step while one backward pass runs."""


class OptimizerSteps:
    """Follows the steps of every optimizer that trains something of ours."""

    def __init__(self, collector: Collector, roster: Roster) -> None:
        self._collector = collector
        self._roster = roster
        self._steps = Steps()
        self._backward_key = BackwardKey()
        self._backward_step = 0
        self._backward_parts: list[Part] = []
        self.scale: Number | None = None
        self.ended = 0

    def before(
        self,
        optimizer: Any,
        plan: Plan,
        parameters: list[Tensor],
        arguments: Arguments,
        depth: int,
    ) -> Arguments | None:
        """Begin a step unless it is inside another one; return arguments if they change."""
        if self._steps.is_inside(depth):
            return None
        if patches.in_backward() and not self._steps.is_live():
            self._step_in_backward(plan, optimizer, parameters)
            return None
        closure = _closure(*arguments)
        part, number = self._begin(plan, optimizer)
        if closure is None:
            scale = getattr(optimizer, "grad_scale", None)
            self._collector.add_gradients(part, number, _gradients(parameters), scale)
            self._collector.gradients_ready(part)
        before = self._collector.weights_before(number, parameters)
        self._steps.begin(Step(depth, number, part, parameters, closure is not None, before))
        return None if closure is None else _with_closure(arguments, self._restarting(closure))

    def after(self, depth: int) -> None:
        """End the step that began at this depth; an inner one's end is nobody's."""
        step = self._steps.end(depth)
        if step is None:
            return
        if step.has_closure:
            self._collector.add_gradients(step.part, step.number, _gradients(step.parameters))
        self._collector.add_weights(step.part, step.before, step.parameters)
        self._collector.end(step.part)
        self.ended += 1

    def skipped(self, optimizer: Any) -> None:
        """Note a step that the scaler left out because of infinite gradients."""
        parameters = parameters_of(optimizer)
        plan = self._roster.plan(optimizer, parameters)
        if plan is None:
            return
        part, number = self._begin(plan, optimizer)
        part.extras["amp/skipped"] = 1.0
        self._collector.add_gradients(part, number, _gradients(parameters))
        self._collector.end(part)

    def backward_ended(self) -> None:
        """Close the step of the optimizers that stepped in this backward pass, if any did."""
        parts, self._backward_parts = self._backward_parts, []
        if parts:
            self._collector.end(*parts)
            self.ended += 1

    def backward_failed(self) -> None:
        """Forget them."""
        self._backward_parts = []

    def _begin(self, plan: Plan, optimizer: Any) -> tuple[Part, int]:
        part, number = self._collector.begin(plan, optimizer)
        self._collector.add_rates(part, optimizer)
        if self.scale is not None:
            found_inf = getattr(optimizer, "found_inf", None)
            skipped = found_inf.detach().clone() if isinstance(found_inf, Tensor) else 0.0
            part.extras = {"amp/scale": self.scale, "amp/skipped": skipped}
        return part, number

    def _step_in_backward(self, plan: Plan, optimizer: Any, parameters: list[Tensor]) -> None:
        if not self._backward_parts:
            _, self._backward_step = self._collector.begin(plan, self._backward_key)
        part = Part(plan, self._backward_key)
        self._backward_parts.append(part)
        self._collector.add_rates(part, optimizer)
        self._collector.add_gradients(part, self._backward_step, _gradients(parameters))

    def _restarting(self, closure: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a closure so that only its last evaluation counts, as its gradients do."""

        @functools.wraps(closure)
        def evaluate(*args: Any, **kwargs: Any) -> Any:
            self._collector.restart()
            return closure(*args, **kwargs)

        return evaluate


def _gradients(parameters: list[Tensor]) -> list[Tensor | None]:
    return [parameter.grad for parameter in parameters]


def _closure(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any] | None:
    """Return the closure among the arguments of a step; `args[0]` is the optimizer."""
    found = kwargs.get("closure", args[1] if len(args) > 1 else None)
    return found if callable(found) else None


def _with_closure(arguments: Arguments, closure: Callable[..., Any]) -> Arguments:
    args, kwargs = arguments
    if "closure" in kwargs:
        return args, {**kwargs, "closure": closure}
    return (args[0], closure, *args[2:]), kwargs
