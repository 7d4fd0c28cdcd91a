"""Logs a structure's graph when it is first met, with what changed since the one before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_history import MIXED, PassClass, Structure
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_names import Names, look_of, names_of
from vizkit.hooks.graph_values import Values, is_tiny
from vizkit.kinds.graph.diff import Difference, diff, with_ids_of
from vizkit.kinds.graph.folding import rolled
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.versions import Version
from vizkit.kinds.graph.words import in_words
from vizkit.kinds.vector.value import Vector

K = TypeVar("K")
V = TypeVar("V")

KEPT = 16
"""Graphs and traces that are kept to compare with and to put together; the others are logged."""


NOTHING, UNHEARD, HEARD, TRACED = range(4)
"""How much was seen of a backward pass: that it ran, its module calls, its operations as well."""


def level_of(each: Pass) -> int:
    """Return how much was seen of a pass."""
    if each.calls is None:
        return UNHEARD
    return HEARD if each.ops is None else TRACED


PATIENCE = 16
"""Steps that are heard whole for one structure that ran, and may not come again soon."""


@dataclass
class _Logged:
    step: int
    parent: str
    level: int


@dataclass(frozen=True)
class Known:
    """A logged graph; `plain`: without its operations, to be compared with those that have none."""

    graph: Graph
    plain: Graph
    level: int


class Versions:
    """Knows what was captured of each class of passes, and which structures were logged."""

    def __init__(self, inventory: Callable[[], Inventory]) -> None:
        self._inventory = inventory
        self._captured: dict[int, int] = {}
        self._passes: OrderedDict[int, Pass] = OrderedDict()
        self._latest: OrderedDict[int, Pass] = OrderedDict()
        self._logged: dict[str, _Logged] = {}
        self._graphs: OrderedDict[str, Known] = OrderedDict()
        # How many steps more are heard whole in the hope for each structure that waits.
        self._patience: dict[str, int] = {}
        # The names of the last step that had numbers; most often the next one has the same.
        self._named: tuple[tuple[str, int], Graph | None, Names] = (("", 0), None, Names({}))
        self._current = ""

    @property
    def passes(self) -> int:
        """Return how many classes of passes were captured."""
        return len(self._captured)

    def knows(self, kind: PassClass, level: int) -> bool:
        """Tell whether as much of a class was captured."""
        return self._captured.get(kind.number, NOTHING) >= level

    def capture(self, kind: PassClass, each: Pass) -> None:
        """Keep what was seen of a class; it is never replaced by what saw less."""
        level = level_of(each)
        if level > UNHEARD or kind.number not in self._latest:
            _keep(self._latest, kind.number, each)
        if self._captured.get(kind.number, NOTHING) <= level:
            self._captured[kind.number] = level
            _keep(self._passes, kind.number, each)

    def is_partial(self, structure: Structure | None) -> bool:
        """Tell whether a structure's module calls are still to be heard."""
        return self._logged_level(structure) == UNHEARD

    def waits(self) -> bool:
        """Tell whether a structure that ran lately waits to be seen whole."""
        return any(self._patience.values())

    def tried(self) -> None:
        """Note that all of a step was heard; what waits is given up after some of these."""
        for signature, left in self._patience.items():
            self._patience[signature] = max(0, left - 1)

    def met(self, structure: Structure | None) -> None:
        """Wait for a structure that ran, if there is more to be seen of it.

        At its 1st, 2nd, 4th, 8th ... step.
        """
        logged = None if structure is None else self._logged.get(structure.signature)
        if structure is None or logged is None or not UNHEARD <= logged.level < TRACED:
            return
        if not structure.count & (structure.count - 1):
            self._patience[structure.signature] = PATIENCE

    def graph(self, structure: Structure, *, plain: bool = False) -> Graph | None:
        """Return the graph of a structure as best captured, None if not all of it was.

        `plain`: as captured last, without the operations that autograd does not record.
        """
        kept = self._latest if plain else self._passes
        found = [kept.get(each.number) for each in structure.passes]
        passes = [each for each in found if each is not None]
        if not passes or len(passes) < len(found):
            return None
        passes.sort(key=_when)
        if plain:
            passes = [replace(each, ops=None) for each in passes]
        return graph_of(passes, self._inventory(), structure.signature)

    def version(self, structure: Structure, step: int) -> Version | None:
        """Return what is to be logged at a step with this structure, None if nothing is new."""
        before, self._current = self._current, structure.signature
        logged = self._logged.get(structure.signature)
        level = min((self._captured.get(each.number, 0) for each in structure.passes), default=0)
        if structure.signature == MIXED or (logged and logged.level >= level):
            return None
        graph = self.graph(structure)
        if graph is None:
            return None
        logged = logged or _Logged(step, before, level)
        logged.level = level
        if level == TRACED:
            self._patience.pop(structure.signature, None)
        self._logged[structure.signature] = logged
        return self._compared(graph, logged, structure)

    def logged_graph(self, structure: Structure) -> Graph | None:
        """Return the graph of a structure as it was logged last, None if nobody knows any more."""
        known = self._graphs.get(structure.signature)
        return None if known is None else known.graph

    def numbers(self, structure: Structure, turn: int, values: Values) -> dict[str, Vector]:
        """Return what is to be logged of a tiny graph's numbers at a step, if it was all heard."""
        passes = [self._passes.get(each.number) for each in structure.passes]
        logged = self.logged_graph(structure)
        here = [each for each in passes if each is not None and each.step == turn and each.ops]
        if logged is None or len(here) < len(passes) or not is_tiny(logged):
            return {}
        here.sort(key=_when)
        look = structure.signature, look_of(here)
        if self._named[0] != look or self._named[1] is not logged:
            self._named = look, logged, names_of(here, self._inventory(), logged)
        names = self._named[2]
        return values.vectors(names.ids, names.losses)

    def _logged_level(self, structure: Structure | None) -> int:
        logged = None if structure is None else self._logged.get(structure.signature)
        return NOTHING if logged is None else logged.level

    def _compared(self, graph: Graph, logged: _Logged, structure: Structure) -> Version:
        parent = self._graphs.get(logged.parent)
        changes: tuple[str, ...] = ()
        if logged.level == UNHEARD:
            if parent is not None:
                # Paths are guessed: only the parameters can be compared.
                pairs = diff(parent.plain, graph).kept
                changes = in_words(Difference(tuple(p for p in pairs if p[0].kind == "parameter")))
            return Version(logged.step, graph, logged.parent, changes)
        # The ids of this structure itself, where it was logged before, else those of its parent.
        elder = self._graphs.get(structure.signature, parent)
        if elder is not None:
            graph = with_ids_of(graph, diff(elder.graph, graph))
        plain = graph
        if logged.level == TRACED:
            plain = self.graph(structure, plain=True) or graph
        mine = Known(graph, plain, logged.level)
        if parent is not None:
            changes = in_words(_difference(parent, mine))
        _keep(self._graphs, structure.signature, mine)
        return Version(logged.step, graph, logged.parent, changes)


def _difference(one: Known, other: Known) -> Difference:
    if one.level == other.level:
        return diff(rolled(one.graph), rolled(other.graph))
    return diff(rolled(one.plain), rolled(other.plain))


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _when(each: Pass) -> tuple[int, int]:
    roots, steps = each.trace.roots, each.trace.steps
    return each.step, steps[roots[0][0]].sequence if roots else -1
