"""Several backward passes of one step, or of several, as one sequence of steps and calls."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter

from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_ops import Loose, Op, Origin
from vizkit.hooks.graph_trace import Source, Step, Trace
from vizkit.kinds.graph.graph import Shape


@dataclass(frozen=True)
class Pass:
    """One backward pass: its trace, the module calls before it, the model's inputs; of `step`.

    `calls` is None where calls were not listened to; `partial`: other threads made some as well.
    `ops` and the `loose` tensors they read: None where operations were not listened to.
    """

    trace: Trace
    step: int
    calls: Sequence[Call] | None = None
    inputs: Sequence[tuple[Shape, str]] = ()
    partial: bool = False
    ops: Sequence[Op] | None = None
    loose: Sequence[Loose] = ()


@dataclass
class Joined:
    """All passes as one; nodes that two of them share are there once."""

    steps: list[Step] = field(default_factory=list)
    roots: list[Source] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    inputs: list[tuple[Shape, str]] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)


def joined(passes: Sequence[Pass]) -> Joined:
    """Put passes after each other; those of one training step share what they share."""
    whole = Joined()
    for _, group in groupby(passes, key=attrgetter("step")):
        offset = _end(whole)
        together = list(group)
        for each in together:
            _add_steps(whole, each.trace, offset)
        # Calls are heard over the whole step: the last pass knows those before it too.
        heard = [each for each in together if each.calls is not None]
        shift, behind = len(whole.calls), len(whole.inputs)
        for each in heard[-1:]:
            _add_calls(whole, each, offset)
        traced = [each for each in heard if each.ops is not None]
        for each in traced[-1:]:
            _add_ops(whole, each, _Shifts(offset, shift, behind, len(whole.ops), len(whole.loose)))
    return whole


def _end(whole: Joined) -> int:
    numbers = [step.sequence for step in whole.steps]
    stops = [call.stop for call in whole.calls] + [op.stop for op in whole.ops]
    return max([*numbers, *stops], default=-1) + 1


def _add_steps(whole: Joined, trace: Trace, offset: int) -> None:
    known = {_identity(step): place for place, step in enumerate(whole.steps)}
    places: list[int] = []
    fresh: list[tuple[int, Step]] = []
    for step in trace.steps:
        moved = step if step.sequence < 0 else replace(step, sequence=step.sequence + offset)
        place = known.get(_identity(moved))
        if place is None or _is_nameless(step):
            place = len(whole.steps) + len(fresh)
            fresh.append((place, moved))
        places.append(place)
    for _, step in fresh:
        inputs = tuple(None if s is None else (places[s[0]], s[1]) for s in step.inputs)
        whole.steps.append(replace(step, inputs=inputs))
    whole.roots += [(places[place], output) for place, output in trace.roots]


def _identity(step: Step) -> tuple[int, str, str | None]:
    return step.sequence, step.op, step.leaf


def _is_nameless(step: Step) -> bool:
    return step.leaf == ""


def _add_calls(whole: Joined, each: Pass, offset: int) -> None:
    shift, behind = len(whole.calls), len(whole.inputs)
    whole.calls += [_moved(call, shift, behind, offset) for call in each.calls or ()]
    whole.inputs += each.inputs


def _moved(call: Call, shift: int, behind: int, offset: int) -> Call:
    moved = copy.copy(call)
    moved.start, moved.stop = call.start + offset, call.stop + offset
    moved.parent = call.parent + shift if call.parent >= 0 else -1
    moved.sources = tuple(s + shift if s >= 0 else s - behind for s in call.sources)
    moved.results = tuple((n + offset if n >= 0 else n, o, s, d) for n, o, s, d in call.results)
    return moved


@dataclass(frozen=True)
class _Shifts:
    """By how much numbers of autograd, and places of all the rest, move behind an earlier step."""

    number: int
    call: int
    input: int
    op: int
    loose: int

    def origin(self, origin: Origin) -> Origin:
        kind, place, output = origin
        return (kind, place if kind == "id" else place + getattr(self, kind), output)


def _add_ops(whole: Joined, each: Pass, by: _Shifts) -> None:
    for op in each.ops or ():
        moved = copy.copy(op)
        moved.start, moved.stop = op.start + by.number, op.stop + by.number
        moved.call = op.call + by.call if op.call >= 0 else -1
        moved.after = op.after + by.call
        moved.inputs = tuple(map(by.origin, op.inputs))
        whole.ops.append(moved)
    whole.loose += each.loose
