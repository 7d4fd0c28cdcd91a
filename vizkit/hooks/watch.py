"""`vizkit.watch` and the handle that it returns."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

from vizkit.hooks.activity import activity_of
from vizkit.hooks.collector import Collector
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.graph_recorder import GraphRecorder
from vizkit.hooks.guard import Guard
from vizkit.hooks.installation import Installation
from vizkit.hooks.listener import Listener
from vizkit.hooks.module_tree import module_graph, tensor_graph, with_forward_pass
from vizkit.hooks.nan_origin import NanOrigin
from vizkit.hooks.nan_watch import NanWatch
from vizkit.hooks.roster import Roster
from vizkit.hooks.rows import Assembly
from vizkit.hooks.run_choice import as_list, first_step_of, name_of, open_run
from vizkit.hooks.settings import ALWAYS, Settings
from vizkit.hooks.shapes import ForwardPass, ForwardWatcher
from vizkit.hooks.silent_run import SilentRun
from vizkit.hooks.subject import Subject, subject_of
from vizkit.kinds.graph.module_graph import TAG, ModuleGraph
from vizkit.lifetime import describe
from vizkit.run import Run


class Watch:
    """What `vizkit.watch` returns: logs by itself, and takes what you add.

    Lives as long as the model, also where nobody keeps it; `close`, or leaving it as a context,
    restores model, optimizer and torch exactly. An exception on leaving makes the run "failed".
    """

    def __init__(
        self,
        subject: Subject,
        optimizers: list[Any],
        criterion: Any,
        run: Run | SilentRun,
        settings: Settings,
        *,
        owns_run: bool,
    ) -> None:
        self.run = run
        self._settings = settings
        self._owns_run = owns_run
        self._closed = False
        self._pid = os.getpid()
        self._guard = Guard()
        self._subject = subject
        self._roster = Roster(subject, optimizers)
        rows = Assembly(settings.start_step, len(optimizers) or None)
        self._collector = Collector(settings, self._roster, self._guard, rows, self._log_row)
        manual = not subject.is_module and not optimizers
        self._recorder = self._guard.call("captured graph", self._record_graph)
        self._nan = self._watch_nan(criterion)
        self._activity = self._guard.call(
            "activity", activity_of, subject, settings, run, self._collector, self._guard
        )
        self._listener = Listener(
            self._collector,
            self._roster,
            self._guard,
            manual=manual,
            graph=self._recorder,
            origin=self._nan.origin,
        )
        self._installation = Installation(self._listener, self._collector, self._guard)
        if criterion is not None:
            self._installation.watch_criterion(criterion)
        self._guard.call("graph", self._watch_graph)
        self._tie_to_model()
        atexit.register(self._at_exit)

    @property
    def current_step(self) -> int:
        """Return the step that `log` logs at: the one under way, else the last one."""
        return self._listener.current_step

    def log(self, values: Mapping[str, Any]) -> None:
        """Log values of your own at the current step: tag to number, tensor or `Vector`."""
        self.run.log(values, self.current_step)

    def trace(self) -> AbstractContextManager[None]:
        """Record all operations inside, also those without modules, gradients or a backward pass.

        The step's graph gets them with the lines of code that they stand in. They take 1.3
        to 4 times as long, short ones the most; nothing else changes. Where torch.compile is used,
        it does nothing.
        """
        recorder = None if self._closed else self._recorder
        return nullcontext() if recorder is None else recorder.hearing.everything()

    def step(self) -> None:
        """End a step of a training without an optimizer, after the weights were changed in place.

        Gradients are those of the last `backward()`, else what is in `.grad` now.
        """
        if not self._closed:
            self._listener.step()

    def close(self, status: str = "finished", error: str | None = None) -> None:
        """Restore everything and end the run, if `watch` made it; closing twice is fine."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        atexit.unregister(self._at_exit)
        self._stop()
        if self._owns_run:
            self.run.close(status, error)

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.close("failed", describe(error))

    def _stop(self) -> None:
        self._installation.remove()
        self._guard.call("row", self._collector.flush)
        self._nan.close()
        if self._recorder is not None:
            self._guard.call("captured graph", self._recorder.close)
        if self._activity is not None:
            self._activity.close()

    def _at_exit(self) -> None:
        # The run itself knows how the process ends; see vizkit.lifetime.
        if not self._closed and os.getpid() == self._pid:
            self._stop()

    def _log_row(self, values: dict[str, Any], step: int, wall_time: float) -> None:
        self.run.log(self._nan.row(values, step), step, wall_time)
        # A root that is never called itself (a ModuleDict) would keep the hooks for ever.
        forward = self._installation.forward
        if forward is not None and not forward.is_done:
            self._guard.call("graph", forward.finish)

    def _watch_nan(self, criterion: Any) -> NanWatch:
        origin = None
        if self._settings.nan_origin and not isinstance(self.run, SilentRun):
            origin = self._guard.call(
                "nan origin", NanOrigin, self._subject, self._roster, criterion, self._guard
            )
        if origin is not None:
            self._collector.on_gradients.append(("nan origin", origin.gradients_ready))
            self._collector.on_step.append(("nan origin", origin.step_ended))
        return NanWatch(self.run.log, self._guard, origin)

    def _record_graph(self) -> GraphRecorder | None:
        if not self._settings.graph or isinstance(self.run, SilentRun):
            return None
        pace = Pace(within_budget=self._settings.graph != ALWAYS)
        recorder = GraphRecorder(
            self._subject,
            self._roster,
            self._guard,
            self.run.log,
            pace,
            trace_every=self._settings.trace_every,
        )
        self._collector.on_step.append(("captured graph", recorder.stepped))
        return recorder

    def _watch_graph(self) -> None:
        model = self._subject.model()
        if model is None:
            self._log_graph(tensor_graph(self._subject.parameters()))
            return
        graph = module_graph(model, self._roster.canonical())
        self._log_graph(graph)

        def done(seen: ForwardPass) -> None:
            self._log_graph(with_forward_pass(graph, seen))

        self._installation.watch_forward(model, ForwardWatcher(model, self._guard, done))

    def _log_graph(self, graph: ModuleGraph) -> None:
        self.run.log({TAG: graph}, self._settings.start_step)

    def _tie_to_model(self) -> None:
        """Close when neither the model nor its first parameter is there any more."""
        model = self._subject.model()
        if model is None:
            return
        held = [model, *[parameter for _, parameter in self._subject.parameters()[:1]]]
        self._ties = len(held)
        for each in held:
            weakref.finalize(each, self._untie).atexit = False

    def _untie(self) -> None:
        self._ties -= 1
        if not self._ties:
            # Garbage may be collected on the writer's own thread, which must not wait for itself.
            threading.Thread(target=self.close, name="vizkit-close", daemon=True).start()


def watch(
    model: Any,
    optimizer: Any = None,
    *,
    criterion: Any = None,
    run: Run | None = None,
    logdir: str | PathLike[str] = "runs",
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    every: int = 1,
    total_steps: int | None = None,
    start_step: int | None = None,
    weights_every: int | None = 50,
    budget: float | None = 0.1,
    graph: bool | str = True,
    trace_every: int | None = None,
    activations_every: int | None = None,
    nan_origin: bool = False,
) -> Watch:
    """Log each step of a PyTorch training; see `vizkit.watch`."""
    subject = subject_of(model)
    first = first_step_of(run, start_step)
    settings = Settings(
        every, weights_every, first, budget, graph, trace_every, activations_every, nan_origin
    )
    folder = Path(logdir) / (name or name_of(subject))
    opened = run or open_run(folder, config, first, total_steps)
    optimizers = as_list(optimizer)
    return Watch(subject, optimizers, criterion, opened, settings, owns_run=run is None)
