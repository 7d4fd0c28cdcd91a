"""Finds the operation whose backward pass first gave what is not finite, in a re-run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from vizkit.hooks.graph_trace import plain_name
from vizkit.hooks.nan_cause import BACKWARD, LOSS, Cause
from vizkit.hooks.nan_rerun import Rerun, nodes_before
from vizkit.hooks.nan_saved import saved_tensors
from vizkit.hooks.nan_search import Line
from vizkit.hooks.nan_values import described, holds_nan, is_bad

GUESSED = "the gradients of the outputs were not kept: ones were used"


@dataclass
class _Seen:
    """A node that gave something not finite. sources: places of its inputs where it did."""

    number: int
    clean: bool
    made: str
    sources: set[int] = field(default_factory=set)
    inputs: list[dict[str, Any]] = field(default_factory=list)


def backward_cause(
    again: Rerun, gradients: Mapping[int, Tensor], parameters: Mapping[str, Tensor]
) -> Cause | None:
    """Run the backward pass from the outputs, None if all gradients of parameters are finite.

    gradients: of the outputs, by place; ones where none is known. `.grad` is left alone.
    """
    places = [place for place, each in enumerate(again.outputs) if each.grad_fn is not None]
    known = {place: gradients[place] for place in places if place in gradients}
    incoming = [each for place, each in known.items() if is_bad(each)]
    if incoming:
        return Cause(phase=LOSS, made="NaN" if holds_nan(incoming[0]) else "infinity")
    wanted = {name: each for name, each in parameters.items() if each.requires_grad}
    nodes = nodes_before([again.outputs[place].grad_fn for place in places])
    chosen = places if not known else list(known)
    watcher = _Watcher(nodes, again.search.lines)
    found = watcher.run(
        [again.outputs[place] for place in chosen],
        [known[place] if known else torch.ones_like(again.outputs[place]) for place in chosen],
        list(wanted.values()),
    )
    pairs = zip(wanted.items(), found, strict=True)
    bad = dict(named for named, each in pairs if each is not None and is_bad(each))
    cause = _cause(watcher, again, nodes, bad) if bad else None
    if cause is not None and not known:
        cause.notes.append(GUESSED)
    return cause


class _Watcher:
    """Hooks on autograd nodes that note where gradients stop being finite."""

    def __init__(self, nodes: list[Any], lines: list[Line]) -> None:
        self.nodes = nodes
        self.lines = lines
        self.seen: dict[Any, _Seen] = {}

    def run(
        self, outputs: list[Tensor], gradients: list[Tensor], parameters: list[Tensor]
    ) -> tuple[Tensor | None, ...]:
        """Return the gradients of parameters, None where there is none."""
        handles = [node.register_hook(self._hook(node)) for node in self.nodes]
        try:
            return torch.autograd.grad(outputs, parameters, gradients, allow_unused=True)
        finally:
            for handle in handles:
                handle.remove()

    def line(self, node: Any) -> Line | None:
        """Return the operation that made a node in the forward pass."""
        number = node._sequence_nr()
        place = bisect_right([line.stop for line in self.lines], number)
        found = self.lines[place] if place < len(self.lines) else None
        return found if found is not None and found.start <= number else None

    def _hook(self, node: Any) -> Any:
        def after(given: tuple[Any, ...], taken: tuple[Any, ...]) -> None:
            bad = {p for p, each in enumerate(given) if each is not None and is_bad(each)}
            if bad:
                clean = not any(each is not None and is_bad(each) for each in taken)
                made = "NaN" if any(holds_nan(given[place]) for place in bad) else "infinity"
                self.seen[node] = _Seen(len(self.seen), clean, made, bad)
                if clean:
                    self.seen[node].inputs = self._saved(node)

        return after

    def _saved(self, node: Any) -> list[dict[str, Any]]:
        line = self.line(node)
        if line is None or line.hooked:
            return []
        return [described(tensor, name) for name, tensor in saved_tensors(node)]


def _cause(watcher: _Watcher, again: Rerun, nodes: list[Any], bad: Mapping[str, Tensor]) -> Cause:
    """Go back from bad gradients to the first node that was given only finite ones."""
    reached = _guilty(watcher, {id(each) for each in bad.values()})
    cause = Cause(phase=BACKWARD, parameters=tuple(bad))
    origins = [node for node in reached if watcher.seen[node].clean]
    if origins:
        origin = min(origins, key=lambda node: watcher.seen[node].number)
        line, place = watcher.line(origin), again.places.of(origin._sequence_nr())
        cause.op = line.op if line else plain_name(origin.name()).lower()
        cause.source = line.source if line else ""
        cause.path = place.path if place else ""
        cause.made, cause.inputs = watcher.seen[origin].made, watcher.seen[origin].inputs
        cause.node = again.places.node_id(origin._sequence_nr(), nodes)
    for node in sorted(reached, key=lambda node: watcher.seen[node].number):
        place = again.places.of(node._sequence_nr())
        cause.reach(place.path if place else "")
    return cause


def _guilty(watcher: _Watcher, variables: set[int]) -> set[Any]:
    """Return the nodes from which something not finite went on to one of the variables."""
    reached: set[Any] = set()
    # A node runs after all that give to it: backwards in that order one look at each is enough.
    for node in sorted(watcher.seen, key=lambda node: -watcher.seen[node].number):
        for place, (source, _) in enumerate(node.next_functions):
            if place not in watcher.seen[node].sources:
                continue
            if source in reached or id(getattr(source, "variable", None)) in variables:
                reached.add(node)
    return reached
