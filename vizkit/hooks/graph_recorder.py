"""Records which graph each step ran: hears backward passes, walks what it can afford, logs news."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import Any

from torch import Tensor

from vizkit.errors import warn_once
from vizkit.hooks import graph_walk
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_captures import Captures
from vizkit.hooks.graph_growth import Growth
from vizkit.hooks.graph_hearing import Hearing
from vizkit.hooks.graph_history import History, PassClass, Structure
from vizkit.hooks.graph_inventory import Inventory, inventory_of
from vizkit.hooks.graph_listening import Listening
from vizkit.hooks.graph_looks import Look, Looks
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.graph_tracing import Tracing
from vizkit.hooks.graph_versions import Versions
from vizkit.hooks.graph_walk import Survey, sequence_number, survey
from vizkit.hooks.guard import Guard
from vizkit.hooks.roster import Roster
from vizkit.hooks.subject import Subject
from vizkit.kinds.graph.ranges import ranges_of
from vizkit.kinds.graph.versions import STEPS_TAG, VERSION_TAG

FREE_STEPS = 3
TOGETHER = 8
"""Tiny steps without news that are accounted for together."""

STRETCH_SECONDS = 2.0
LONGEST_STRETCH_SECONDS = 15.0
MOST_PASSES_OF_A_STEP = 64

Log = Callable[[dict[str, Any], int], None]


class GraphRecorder:
    """Told of each backward pass and each step; logs versions of the graph and counts of steps."""

    def __init__(
        self,
        subject: Subject,
        roster: Roster,
        guard: Guard,
        log: Log,
        pace: Pace,
        *,
        trace_every: int | None = None,
    ) -> None:
        self._subject = subject
        self._roster = roster
        self._log = log
        self._walks = pace
        self._history = History()
        self._versions = Versions(self._inventory)
        self._growth = Growth(self._find)
        model = subject.model()
        calls = None if model is None else ModuleCalls(model, guard)
        tracing = Tracing(model, Operations(calls, self._node_ids), guard, pace, trace_every)
        self.hearing = Hearing(Listening(calls, pace), tracing, guard)
        self._captures = Captures(
            self._versions, self.hearing, roster.canonical, subject.parameters, pace
        )
        self._looks = Looks()
        self._looks.choose(roster.whole()[1])
        self._passes: list[PassClass | None] = []
        # What the last step was, and how many passes with a known look are not walked.
        self._last_passes: list[PassClass | None] = []
        self._last_structure: Structure | None = None
        self._pause = 0
        self._turn = self._accounted = 0
        self._step = 0
        self._number = self._began = sequence_number()
        self._seconds_per_node = 6e-7
        self._strangers = 0
        self._stretch_seconds = STRETCH_SECONDS
        self._stretch_due = perf_counter() + STRETCH_SECONDS

    def passed(self, roots: Sequence[Any]) -> None:
        """Take the losses that a backward pass just started from, while their graph is there."""
        number = sequence_number()
        made, self._number = number - self._number, number
        if len(self._passes) >= MOST_PASSES_OF_A_STEP:
            return
        look = self._looks.look(roots, made, self.hearing.calls.sketch())
        known = self._looks.known(look)
        if known is not None and self._pause > 0 and not self._captures.wants(known):
            self._pause -= 1
            self._passes.append(known)
            return
        losses = [r for r in roots if isinstance(r, Tensor) and r.grad_fn is not None]
        if losses:
            is_due = self._is_due(known, made)
            self._passes.append(self._walked(losses, look) if is_due else known)

    def stepped(self, step: int) -> None:
        """End a step of the training."""
        self._step = step
        self._turn += 1
        passes, self._passes = self._passes, []
        passes = passes or [*self._captures.offer_operations(self._history, self._turn - 1)]
        structure = self._last_structure
        if (
            structure is None
            or passes != self._last_passes
            or not self._is_settled(structure, step)
        ):
            structure = self._last_structure = self._structure(passes, step)
            self._last_passes = passes
            self.hearing.calls.wanted = self._versions.is_partial(structure)
        elif self._turn % TOGETHER and self._walks.is_tiny and self.hearing.is_idle(step + 1):
            self._began = sequence_number()
            return
        now = perf_counter()
        self._walks.stepped(now, self._turn - self._accounted)
        self._accounted = self._turn
        if self.hearing.operations.is_heard:
            self._versions.tried()
        self._versions.met(structure)
        self.hearing.stepped(step + 1, waits=self._versions.waits())
        self._captures.is_news = False
        self._began = sequence_number()
        if now >= self._stretch_due:
            self._log_stretch()

    def close(self) -> None:
        """Log what was not logged yet, and take all hooks off."""
        self.hearing.remove()
        self._log_stretch()

    def _inventory(self) -> Inventory:
        return inventory_of(self._subject, self._roster.canonical())

    def _node_ids(self) -> dict[int, str]:
        """Return the graph's node of each parameter and buffer by its id."""
        found = {id(tensor): f"buffer:{name}" for name, tensor in self._subject.buffers()}
        return found | {key: f"parameter:{n}" for key, n in self._roster.canonical().items()}

    def _is_settled(self, structure: Structure, step: int) -> bool:
        """Count a step with the structure of the last one, if there is nothing new to log of it."""
        is_news = (
            self._captures.is_news
            or self.hearing.values.are_there
            or self._versions.is_partial(structure)
        )
        return not is_news and self._history.ran_again(structure, step)

    def _walked(self, losses: Sequence[Tensor], look: Look) -> PassClass | None:
        """Return the class of a pass by a walk, None if that is not safe."""
        seen = self._walk(list(dict.fromkeys([loss.grad_fn for loss in losses])))
        if seen.too_deep or not self._growth.allows(seen, self._step, self._turn):
            return None
        kind = self._history.pass_class(seen)
        fresh = kind.add(seen)
        listening = self.hearing.calls
        listening.missed = listening.missed or (fresh and not listening.is_armed)
        self._looks.remember(look, kind)
        cost = seen.nodes * self._seconds_per_node
        self._captures.offer(kind, losses, self._turn, cost=cost, fresh=fresh)
        return kind

    def _is_due(self, known: PassClass | None, made: int) -> bool:
        if not self._growth.may_walk(self._turn):
            return False
        # What is known by its look is walked again as often as that is cheap.
        return (
            known is not None
            or self._turn < FREE_STEPS
            or self._walks.allows(made * self._seconds_per_node)
        )

    def _walk(self, roots: Sequence[Any]) -> Survey:
        started = thread_time()
        most = graph_walk.deepest()
        seen = survey(roots, self._roster.canonical(), most, self._began)
        if seen.strange and self._reads_names():
            seen = survey(roots, self._roster.canonical(), most, self._began)
        seconds = thread_time() - started
        self._walks.spend(seconds)
        self._pause = self._walks.pause_after(seconds)
        known = self._seconds_per_node
        self._seconds_per_node = 0.9 * known + 0.1 * min(seconds / seen.nodes, 3 * known)
        if seen.too_deep:
            self._growth.too_deep(seen, self._step, self._turn)
        return seen

    def _reads_names(self) -> bool:
        """Read the parameters' names anew: some were replaced. At the 1st, 2nd, 4th ... time."""
        self._strangers += 1
        if self._strangers & (self._strangers - 1):
            return False
        self._looks.choose(self._roster.whole()[1])
        return True

    def _structure(self, passes: Sequence[PassClass | None], step: int) -> Structure | None:
        if not passes:
            return None
        known = [each for each in passes if each is not None]
        if len(known) < len(passes):
            self._history.missed(step)
            return None
        structure = self._history.structure(known)
        self._history_of(structure, step)
        return structure

    def _history_of(self, structure: Structure, step: int) -> None:
        started = thread_time()
        version = self._versions.version(structure, step)
        if version is not None:
            self._stretch_seconds = STRETCH_SECONDS
            self._log_stretch()
            self._log({VERSION_TAG: version}, step)
        if self._captures.is_news and not self._versions.is_partial(structure):
            graph = self._versions.graph(structure, plain=True)
            self._history.widen(structure.signature, ranges_of(graph) if graph else {})
        self._history.ran(structure, step)
        if numbers := self._captures.numbers(structure, self._turn - 1):
            self._log(numbers, step)
        if version is not None or self._captures.is_news:
            self._captures.spend(thread_time() - started)

    def _find(self, step: int, sentence: str, *, warn: bool) -> None:
        self._history.finds(step, sentence)
        if warn:
            warn_once(f"watch graph {sentence}", sentence, stacklevel=6)

    def _log_stretch(self) -> None:
        self._stretch_due = perf_counter() + self._stretch_seconds
        self._stretch_seconds = min(1.2 * self._stretch_seconds, LONGEST_STRETCH_SECONDS)
        stretch = self._history.take()
        if stretch is not None:
            self._log({STEPS_TAG: stretch}, stretch.last)
