"""The versions of a run's graph, put together from what the training logged of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vizkit.kinds.graph.ranges import Range, merged
from vizkit.kinds.graph.versions import Form, Stretch, Version


@dataclass(frozen=True)
class GraphVersion:
    """A structure of the graph; it ran first at `first_step` and last at `last_step`.

    count: in how many steps, between them perhaps others ran. parent: the version before it, None
    for the first. changes: what differs from that one, in words. topologies: how many different
    loop counts and lengths it had; nodes: fewest and most autograd nodes. ranges: how often each
    operation ran, and its shapes, by its id in the rolled graph. rolled: the signature.
    """

    version: int
    first_step: int
    last_step: int
    count: int
    parent: int | None = None
    changes: tuple[str, ...] = ()
    topologies: int = 1
    nodes: tuple[int, int] = (0, 0)
    rolled: str = ""
    ranges: Mapping[str, Range] = field(default_factory=dict)


def versions_of(
    records: Iterable[Version], stretches: Sequence[Stretch], last_step: int
) -> list[tuple[GraphVersion, Version]]:
    """Return each structure once, in the order of appearance, with its best record.

    A training that was restarted goes on with the versions it had. `last_step`: of the run; what
    ran last is taken to run still.
    """
    records = list(records)
    forms = forms_of(stretches, {record.graph.rolled: record for record in records})
    found = assembled(records, forms, last_step)
    return [(replace(each, ranges=ranges_in(stretches, each.rolled)), r) for each, r in found]


def assembled(
    records: Iterable[Version], forms: Mapping[str, Form], last_step: int
) -> list[tuple[GraphVersion, Version]]:
    """Return what `versions_of` does, without ranges, from how often each structure ran."""
    best: dict[str, Version] = {}
    firsts: dict[str, Version] = {}
    for record in records:
        best[record.graph.rolled] = record
        firsts.setdefault(record.graph.rolled, record)
    numbers = {rolled: number for number, rolled in enumerate(best, 1)}
    current = max(forms, key=lambda rolled: forms[rolled].last, default="")
    found = []
    for rolled, record in best.items():
        form = forms.get(rolled) or Form(rolled, 1, record.step, record.step)
        version = GraphVersion(
            version=numbers[rolled],
            first_step=min(form.first, firsts[rolled].step),
            last_step=max(form.last, last_step) if rolled == current else form.last,
            count=form.count,
            parent=numbers.get(firsts[rolled].parent),
            changes=record.changes,
            topologies=form.topologies,
            nodes=form.nodes,
            rolled=rolled,
        )
        found.append((version, record))
    return found


def module_trees(
    records: Sequence[tuple[int, bytes]], last_step: int
) -> list[tuple[GraphVersion, bytes]]:
    """Return the different module trees, (step, encoding), of a run without captured graphs.

    One that was logged at the same step as the one before tells more of the same.
    """
    steps: dict[bytes, list[int]] = {}
    for place, (step, content) in enumerate(records):
        if place and records[place - 1][0] == step:
            steps.pop(records[place - 1][1], None)
        steps.setdefault(content, []).append(step)
    firsts = [min(each) for each in steps.values()]
    ends = [*(first - 1 for first in firsts[1:]), max([last_step, *firsts[-1:]])]
    return [
        (GraphVersion(number, first, max(first, end), len(each)), content)
        for number, ((content, each), first, end) in enumerate(
            zip(steps.items(), firsts, ends, strict=False), 1
        )
    ]


def findings_of(stretches: Iterable[Stretch]) -> list[tuple[int, str]]:
    """Return (step, sentence) of what should be looked at."""
    return [finding for stretch in stretches for finding in stretch.findings]


def unseen_of(stretches: Iterable[Stretch]) -> int:
    """Return how many steps the training left out, to save time."""
    return sum(stretch.unseen for stretch in stretches)


def forms_of(stretches: Iterable[Stretch], known: Mapping[str, Version]) -> dict[str, Form]:
    """Return how often each structure ran, by its rolled signature; `known`: a record of each."""
    forms = {rolled: Form(rolled, 0, each.step, each.step) for rolled, each in known.items()}
    for stretch in stretches:
        add_forms(forms, stretch)
    return {rolled: replace(form, count=max(form.count, 1)) for rolled, form in forms.items()}


def add_forms(forms: dict[str, Form], stretch: Stretch) -> None:
    """Count a stretch into forms that are known."""
    for form in stretch.forms:
        before = forms.get(form.rolled)
        if before is not None:
            forms[form.rolled] = _added(before, form)


def ranges_in(stretches: Iterable[Stretch], rolled: str) -> dict[str, Range]:
    """Return the ranges that stretches tell of a structure."""
    found: dict[str, Range] = {}
    for stretch in stretches:
        if rolled in stretch.ranges:
            found = merged(found, stretch.ranges[rolled])
    return found


def _added(a: Form, b: Form) -> Form:
    nodes = (
        b.nodes if a.nodes == (0, 0) else (min(a.nodes[0], b.nodes[0]), max(a.nodes[1], b.nodes[1]))
    )
    topologies = max(a.topologies, b.topologies)
    first, last = min(a.first, b.first), max(a.last, b.last)
    return Form(a.rolled, a.count + b.count, first, last, topologies, nodes)
