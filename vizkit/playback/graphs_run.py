"""The graphs of one run: its versions as they were known at a step, and which ran when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph.ranges import Range
from vizkit.kinds.graph.versions import Form, Stretch, Version
from vizkit.playback.graphs import GraphVersion, add_forms, assembled, ranges_in
from vizkit.playback.graphs_timeline import (
    Timed,
    Turns,
    counted,
    cut,
    thinned,
    turns_of,
    up_to,
)

MOST_TURNS = 4000
Forms = dict[str, Form]


@dataclass(frozen=True)
class Head:
    """What tells graphs apart without looking at their nodes.

    count: how many these are, None where finding out would take long.
    """

    row: PayloadRow
    source: str
    count: int | None
    version: Version

    @property
    def rolled(self) -> str:
        """Return the signature of the structure."""
        return self.version.graph.rolled


@dataclass(frozen=True)
class RunGraphs:
    """Everything a run recorded of its graphs, in the order in which it was recorded."""

    trees: tuple[PayloadRow, ...] = ()
    heads: tuple[Head, ...] = ()
    stretches: tuple[Timed, ...] = ()
    logged: tuple[Head, ...] = ()
    broken: tuple[str, ...] = ()

    @cached_property
    def best(self) -> Mapping[int, Head]:
        """Return the best record of each version, by its number."""
        found = {head.rolled: head for head in self.heads}
        return {self.numbers[rolled]: head for rolled, head in found.items()}

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Return the number of each version, by its rolled signature."""
        return {n: k for k, n in enumerate(dict.fromkeys(each.rolled for each in self.heads), 1)}

    @cached_property
    def turns(self) -> Turns:
        """Return which version ran when."""
        return turns_of(*self._counted, self.numbers)

    @cached_property
    def thin_turns(self) -> Turns:
        """Return about MOST_TURNS of the turns, no version left out where it ran."""
        return thinned(self.turns, self.turns.steps[-1] if self.turns.steps else 0, MOST_TURNS)

    def current(self, until: float | None) -> int | None:
        """Return the version that ran at a step, or was seen last before it; None before all."""
        latest = self.turns.latest(_end(until))
        return latest if latest > 0 else None

    def first_step(self, number: int) -> int:
        """Return the step at which a version was met first."""
        return min(head.version.step for head in self.heads if self.numbers[head.rolled] == number)

    def versions_at(self, until: float | None, last_step: int) -> list[GraphVersion]:
        """Return the versions known at a step, counted up to it, without their ranges.

        last_step: of the run.
        """
        end = _end(until)
        records = [head.version for head in self.heads]
        known = assembled(records, self._forms_at(end), int(min(end, last_step)))
        return [version for version, _ in known if version.first_step <= end]

    def ranges_at(self, rolled: str, until: float | None) -> dict[str, Range]:
        """Return how often the operations of a version ran up to a step, and their shapes."""
        return ranges_in(self._parts_at(until), rolled)

    def looks_at(self, until: float | None) -> Mapping[str, int]:
        """Return how often the ranges of each version had grown up to a step, by signature."""
        looks: dict[str, int] = {}
        for part in self._parts_at(until):
            for rolled in part.ranges:
                looks[rolled] = looks.get(rolled, 0) + 1
        return looks

    def unseen_at(self, until: float | None) -> int:
        """Return how many steps were left out up to a step."""
        return sum(part.unseen for part in self._parts_at(until))

    def logged_at(self, until: float | None) -> dict[str, Head]:
        """Return the graphs logged by name up to a step, of each tag the latest."""
        known = (each for each in self.logged if each.row.step <= _end(until))
        return {each.row.tag: each for each in known}

    def _parts_at(self, until: float | None) -> Sequence[Stretch]:
        return up_to(self._counted[0], _end(until))

    def _forms_at(self, end: float) -> Forms:
        """Return how often each structure ran up to a step."""
        parts = self._counted[0]
        whole = sum(part.last <= end for part in parts)
        forms = dict(self._tallies[whole])
        begun = cut(parts[whole], int(end)) if whole < len(parts) else None
        if begun is not None:
            add_forms(forms, begun)
        known = {rolled: form for rolled, form in forms.items() if form.first <= end}
        return {rolled: replace(f, count=max(f.count, 1)) for rolled, f in known.items()}

    @cached_property
    def _tallies(self) -> list[Forms]:
        """Return how often each structure ran in the first 0, 1, 2 ... stretches."""
        steps = {head.rolled: head.version.step for head in self.heads}
        tallies: list[Forms] = [{rolled: Form(rolled, 0, s, s) for rolled, s in steps.items()}]
        for part in self._counted[0]:
            tallies.append(dict(tallies[-1]))
            add_forms(tallies[-1], part)
        return tallies

    @cached_property
    def _counted(self) -> tuple[list[Stretch], list[tuple[int, str]]]:
        # Not at the version's own step, its first: one seen better is recorded again, later.
        sightings = [(each.row.wall_time, each.row.step, each.rolled) for each in self.heads]
        return counted(self.stretches, sightings)


def _end(until: float | None) -> float:
    return math.inf if until is None else until
