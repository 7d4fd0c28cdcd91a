"""When the activity of modules is recorded, what that may cost, and how it is logged."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from time import thread_time
from typing import Any

import torch
from torch import nn

from vizkit.hooks.activity_nodes import storages_of
from vizkit.hooks.activity_record import Record
from vizkit.hooks.activity_times import clock_of
from vizkit.hooks.collector import Collector
from vizkit.hooks.eager_modules import anything_compiled, eager_modules
from vizkit.hooks.graph_pace import Pace, Savings
from vizkit.hooks.guard import Guard
from vizkit.hooks.module_hooks import ModuleHooks
from vizkit.hooks.pace import now
from vizkit.hooks.settings import Settings
from vizkit.hooks.silent_run import SilentRun
from vizkit.hooks.subject import Subject
from vizkit.kinds.vector.names import SUFFIX
from vizkit.kinds.vector.value import Vector

PART = 2.0
"""Of the share that the graph has, so 1.2 to 1.4 %: steps that are not due cost next to nothing."""

SECONDS_PER_CALL = 4e-6
"""What torch takes to call two hooks, and what else our clock cannot see."""

PATIENCE = 2
"""Steps without a call of the model itself before all of its modules are listened to instead."""

Log = Callable[[dict[str, Any], int], None]


class Activity:
    """Listens at each `every`-th step and the first; logs vectors by module at the step's end.

    The model itself has hooks all the time. Its modules get theirs when it is called on a step that
    is due, with gradients, and lose them when it is called without: hooks would switch off fused
    kernels of evaluation. A model that is never called itself, or in a process that compiled
    something, has them on from the begin of a due step.

    A step that would take more than its share of the time is put off until there is time again;
    the first one never is. Its price is processor time of the thread that trains.
    """

    def __init__(
        self, model: nn.Module, guard: Guard, log: Log, every: int, *, within_budget: bool = True
    ) -> None:
        self._model = weakref.ref(model)
        self._guard = guard
        self._log = log
        self._every = every
        self._pace = Pace(within_budget=within_budget)
        self._savings = Savings(self._pace, PART)
        self._clock = clock_of(model, guard)
        self._record = Record(self._clock, self._storages, self._timed)
        self._root = ModuleHooks(self._before, self._after)
        self._inner = ModuleHooks(self._before, self._after)
        self._is_on = False
        self._armed = True
        self._is_pending = False
        self._missed = 0
        self._spent = 0.0
        self._cost: float | None = None
        modules = dict(eager_modules(model))
        self._root.put_on([("", modules[""])] if "" in modules else [])
        self._everywhere = anything_compiled() or type(model).forward is nn.Module.forward
        if self._everywhere:
            self._put_on()

    def stepped(self, step: int) -> None:
        """End a step: log it if it was due, and get ready if the next one is."""
        self._pace.stepped(now())
        if self._armed:
            self._finish(step)
        self._is_pending = self._is_pending or (step + 1) % self._every == 0
        self._armed = self._armed or (self._is_pending and self._savings.allow(self._cost or 0.0))
        if not self._armed:
            self._take_off()
        elif self._everywhere and not anything_compiled():
            self._put_on()
        if self._armed:
            self._record.clear()

    def close(self) -> None:
        """Take all hooks off."""
        self._armed = False
        self._root.remove()
        self._inner.remove()
        self._record.clear()

    def _finish(self, step: int) -> None:
        """Log what was recorded; where no module was called, the next step is tried instead."""
        if not self._record.calls:
            self._missed += 1
            self._everywhere = self._everywhere or self._missed >= PATIENCE
            return
        self._armed = self._is_pending = False
        self._missed = 0
        started = thread_time()
        names, vectors = self._record.vectors()
        if vectors:
            self._log(
                {tag + SUFFIX: Vector(names, values) for tag, values in vectors.items()}, step
            )
        self._record.clear()
        cost, self._spent = self._spent + thread_time() - started, 0.0
        if self._cost is None:
            # The first one is free: it is set-up, and takes twice as long as those that follow.
            cost /= 2
        else:
            self._savings.spend(cost)
        self._cost = cost

    def _before(self, path: str, arguments: Any) -> None:
        if not self._armed:
            return
        if "activity" in self._guard.broken:
            self.close()
            return
        if not path:
            self._meet_model()
        self._spent += SECONDS_PER_CALL
        self._timed(self._record.enter, path, self._clock.now())

    def _after(self, path: str, output: Any) -> None:
        if self._armed:
            self._timed(self._record.leave, path, output, self._clock.now())

    def _meet_model(self) -> None:
        if torch.is_grad_enabled():
            if not anything_compiled():
                self._put_on()
        elif not self._record.is_inside:
            self._take_off()

    def _put_on(self) -> None:
        model = self._model()
        if model is not None and not self._is_on:
            self._is_on = True
            self._timed(self._inner.put_on, (each for each in eager_modules(model) if each[0]))

    def _take_off(self) -> None:
        if self._is_on and not anything_compiled():
            self._is_on = False
            self._timed(self._inner.take_off)

    def _timed(self, act: Callable[..., None], *arguments: Any) -> None:
        started = thread_time()
        # Nothing of this is for function modes, the user's or our own tracing.
        with torch._C.DisableTorchFunction():
            self._guard.timed("activity", act, *arguments)
        self._spent += thread_time() - started

    def _storages(self) -> set[int]:
        model = self._model()
        return set() if model is None else storages_of(model)


def activity_of(
    subject: Subject, settings: Settings, run: Any, collector: Collector, guard: Guard
) -> Activity | None:
    """Return what records activity from now on; None where that is not wanted, or has no modules.

    Without a budget for the gradients' norms, it has none either.
    """
    model, every = subject.model(), settings.activations_every
    if model is None or every is None or isinstance(run, SilentRun):
        return None
    within_budget = settings.budget is not None
    activity = Activity(model, guard, run.log, every, within_budget=within_budget)
    collector.on_step.append(("activity", activity.stepped))
    return activity
