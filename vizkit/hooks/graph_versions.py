"""Logs a structure's graph when it is first met, with what changed since the one before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_history import MIXED, PassClass, Structure
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.kinds.graph.diff import Difference, diff, with_ids_of
from vizkit.kinds.graph.folding import rolled
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.versions import Version
from vizkit.kinds.graph.words import in_words

K = TypeVar("K")
V = TypeVar("V")

KEPT = 16
"""Graphs and traces that are kept to compare with and to put together; the others are logged."""


@dataclass
class _Logged:
    step: int
    parent: str
    is_whole: bool


class Versions:
    """Knows what was captured of each class of passes, and which structures were logged."""

    def __init__(self, inventory: Callable[[], Inventory]) -> None:
        self._inventory = inventory
        self._captured: dict[int, bool] = {}
        self._passes: OrderedDict[int, Pass] = OrderedDict()
        self._logged: dict[str, _Logged] = {}
        self._graphs: OrderedDict[str, Graph] = OrderedDict()
        self._current = ""

    @property
    def passes(self) -> int:
        """Return how many classes of passes were captured."""
        return len(self._captured)

    def knows(self, kind: PassClass, *, heard: bool) -> bool:
        """Tell whether a class was captured, with its module calls if these are `heard`."""
        return kind.number in self._captured and (not heard or self._captured[kind.number])

    def capture(self, kind: PassClass, each: Pass) -> None:
        """Keep what was seen of a class; one with calls is never replaced by one without."""
        heard = each.calls is not None
        if heard or not self._captured.get(kind.number, False):
            self._captured[kind.number] = heard
            _keep(self._passes, kind.number, each)

    def is_partial(self, structure: Structure | None) -> bool:
        """Tell whether a structure's module calls are still to be heard."""
        logged = None if structure is None else self._logged.get(structure.signature)
        return logged is not None and not logged.is_whole

    def graph(self, structure: Structure) -> Graph | None:
        """Return the graph of a structure as captured last, None if not all of it was."""
        found = [self._passes.get(each.number) for each in structure.passes]
        passes = [each for each in found if each is not None]
        if not passes or len(passes) < len(found):
            return None
        passes.sort(key=_when)
        return graph_of(passes, self._inventory(), structure.signature)

    def version(self, structure: Structure, step: int) -> Version | None:
        """Return what is to be logged at a step with this structure, None if nothing is new."""
        before, self._current = self._current, structure.signature
        logged = self._logged.get(structure.signature)
        whole = all(self._captured.get(each.number, False) for each in structure.passes)
        if structure.signature == MIXED or (logged and (logged.is_whole or not whole)):
            return None
        graph = self.graph(structure)
        if graph is None:
            return None
        logged = logged or _Logged(step, before, whole)
        logged.is_whole = whole
        self._logged[structure.signature] = logged
        return self._compared(graph, logged, structure.signature)

    def _compared(self, graph: Graph, logged: _Logged, signature: str) -> Version:
        parent = self._graphs.get(logged.parent)
        changes: tuple[str, ...] = ()
        if parent is not None and logged.is_whole:
            graph = with_ids_of(graph, diff(parent, graph))
            changes = in_words(diff(rolled(parent), rolled(graph)))
        elif parent is not None:
            # Paths are guessed: only the parameters can be compared.
            parameters = [pair for pair in diff(parent, graph).kept if pair[0].kind == "parameter"]
            changes = in_words(Difference(kept=tuple(parameters)))
        if logged.is_whole:
            _keep(self._graphs, signature, graph)
        return Version(logged.step, graph, logged.parent, changes)


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _when(each: Pass) -> tuple[int, int]:
    place, _ = each.trace.roots[0]
    return each.step, each.trace.steps[place].sequence
