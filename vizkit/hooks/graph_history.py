"""Which structures a training ran, how often, and in which stretch of steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vizkit.hooks.graph_trace import digest, signature_of
from vizkit.hooks.graph_walk import Survey
from vizkit.kinds.graph.ranges import Ranges, merged
from vizkit.kinds.graph.versions import MOST_TURNS, Form, Stretch

MANY = 32
"""Structures from which on a new mixture of known parts is no structure of its own any more."""

MOST = 256
"""Structures that are told apart at all."""

MOST_PASSES = 512
"""Classes of backward passes; beyond a quarter of it only those with new parts."""

MIXED = "mixed"
"""The signature under which all other mixtures are counted."""

MOST_TOPOLOGIES = 4096
UNSEEN = -1
"""Stands in the turns of a stretch for steps that were left out."""


@dataclass
class PassClass:
    """One kind of backward pass: those that differ only in how often loops ran."""

    number: int
    pairs: frozenset[Any]
    signature: str
    topologies: set[int] = field(default_factory=set)
    fewest: int = 1 << 62
    most: int = 0

    def add(self, seen: Survey) -> bool:
        """Note one more pass; tell whether its topology is new."""
        self.fewest, self.most = min(self.fewest, seen.nodes), max(self.most, seen.nodes)
        fresh = seen.topology not in self.topologies
        if fresh and len(self.topologies) < MOST_TOPOLOGIES:
            self.topologies.add(seen.topology)
        return fresh


@dataclass
class Structure:
    """What one step ran: the classes of its backward passes."""

    passes: tuple[PassClass, ...]
    signature: str
    count: int = 0

    @property
    def topologies(self) -> int:
        """Return how many topologies it had, at least."""
        return max(len(each.topologies) for each in self.passes)

    @property
    def nodes(self) -> tuple[int, int]:
        """Return the fewest and the most nodes of a step."""
        return sum(each.fewest for each in self.passes), sum(each.most for each in self.passes)


class History:
    """Counts steps by structure; a stretch of them is taken out from time to time."""

    def __init__(self) -> None:
        self._passes: dict[frozenset[Any], PassClass] = {}
        self._by_topology: dict[int, PassClass] = {}
        self._other = PassClass(-1, frozenset(), MIXED)
        self._structures: dict[frozenset[int], Structure] = {}
        self._parts: set[Any] = set()
        self._pass_parts: set[Any] = set()
        self._mixed = Structure((), MIXED)
        self._counts: dict[str, list[int]] = {}
        self._unseen = 0
        self._first: int | None = None
        self._last = 0
        self._ranges: dict[str, Ranges] = {}
        self._grown: set[str] = set()
        self._findings: list[tuple[int, str]] = []
        self._turns: list[tuple[int, int]] = []

    def pass_class(self, seen: Survey) -> PassClass:
        """Return the class of a pass, a new one if its pairs were never met together."""
        known = self._by_topology.get(seen.topology)
        if known is not None:
            return known
        pairs = frozenset(seen.pairs)
        found = self._passes.get(pairs)
        if found is None:
            known_parts = pairs <= self._pass_parts
            if len(self._passes) >= (MOST_PASSES // 4 if known_parts else MOST_PASSES):
                return self._other
            self._pass_parts |= pairs
            found = PassClass(len(self._passes), pairs, signature_of(pairs))
            self._passes[pairs] = found
        if len(self._by_topology) < MOST_TOPOLOGIES:
            self._by_topology[seen.topology] = found
        return found

    def structure(self, passes: Iterable[PassClass]) -> Structure:
        """Return the structure of a step with these passes; `MIXED` where there are too many."""
        unique = {each.number: each for each in passes}
        if self._other.number in unique:
            return self._mixed
        key = frozenset(unique)
        found = self._structures.get(key)
        if found is None:
            ordered = tuple(sorted(unique.values(), key=lambda each: each.signature))
            parts = {pair for each in ordered for pair in each.pairs}
            if len(self._structures) >= (MANY if parts <= self._parts else MOST):
                return self._mixed
            self._parts |= parts
            found = Structure(ordered, _joint([each.signature for each in ordered]))
            self._structures[key] = found
        return found

    def ran(self, structure: Structure, step: int) -> None:
        """Count a step."""
        structure.count += 1
        self._note(step)
        count = self._counts.setdefault(structure.signature, [0, step, step, len(self._counts)])
        count[0] += 1
        count[2] = step
        self._turn(step, count[3])

    def ran_again(self, structure: Structure, step: int) -> bool:
        """Count a step like the one before; tell whether that was possible."""
        count = self._counts.get(structure.signature)
        if count is None or self._first is None:
            return False
        structure.count += 1
        self._turn(step, count[3])
        count[0] += 1
        count[2] = self._last = step
        return True

    def missed(self, step: int) -> None:
        """Count a step that was not looked at."""
        self._note(step)
        self._unseen += 1
        self._turn(step, UNSEEN)

    def finds(self, step: int, sentence: str) -> None:
        """Note what should be looked at."""
        self._note(step)
        self._findings.append((step, sentence))

    def widen(self, signature: str, seen: Ranges) -> None:
        """Note how often operations ran, and their shapes, in one step of a structure."""
        known = self._ranges.get(signature, {})
        wider = merged(known, seen)
        if wider != known:
            self._ranges[signature] = wider
            self._grown.add(signature)

    def take(self) -> Stretch | None:
        """Return the stretch of steps since the last one, None if there were none."""
        if self._first is None:
            return None
        stretch = Stretch(
            first=self._first,
            last=self._last,
            forms=tuple(self._form(*item) for item in self._counts.items()),
            unseen=self._unseen,
            ranges={signature: self._ranges[signature] for signature in self._grown},
            findings=tuple(self._findings),
            turns=tuple(self._turns),
        )
        self._counts, self._unseen, self._first = {}, 0, None
        self._grown, self._findings, self._turns = set(), [], []
        return stretch

    def _turn(self, step: int, place: int) -> None:
        turns = self._turns
        if (not turns or turns[-1][1] != place) and len(turns) < MOST_TURNS:
            turns.append((step, place))

    def _note(self, step: int) -> None:
        self._first = step if self._first is None else min(self._first, step)
        self._last = step

    def _form(self, signature: str, count: list[int]) -> Form:
        known = (each for each in self._structures.values() if each.signature == signature)
        found = next(known, None)
        if found is None:
            return Form(signature, count[0], count[1], count[2])
        return Form(signature, count[0], count[1], count[2], found.topologies, found.nodes)


def _joint(signatures: list[str]) -> str:
    return signatures[0] if len(signatures) == 1 else digest(signatures)
