"""Runs a forward pass once more, watched closely, and leaves everything as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vizkit.hooks.graph_walk import LEAF, deepest
from vizkit.hooks.nan_cause import BUFFER, DATA, FORWARD, WEIGHT, Cause
from vizkit.hooks.nan_kept import ForwardPass
from vizkit.hooks.nan_moment import unchanged
from vizkit.hooks.nan_places import Places
from vizkit.hooks.nan_search import Known, Search
from vizkit.hooks.nan_values import tensors_of
from vizkit.hooks.quiet_hook import silence
from vizkit.hooks.samples import rows_of


@dataclass(frozen=True)
class Rerun:
    """A forward pass that ran again; outputs: its tensors in order."""

    outputs: list[Tensor]
    search: Search
    places: Places

    def cause(self) -> Cause | None:
        """Return what made the outputs' first number that is not finite, None if they are."""
        cause = self.search.cause_in(self.outputs)
        if cause is not None and cause.sequence >= 0:
            cause.node = self.places.node_id(cause.sequence, self.nodes())
        return cause

    def nodes(self) -> list[Any]:
        """Return the autograd nodes that lead to the outputs, without parameters' own."""
        return nodes_before([each.grad_fn for each in self.outputs if each.grad_fn is not None])


@contextmanager
def rerun(
    model: nn.Module, kept: ForwardPass, names: Mapping[int, str], phase: str = FORWARD
) -> Iterator[Rerun]:
    """Run a forward pass again with the random numbers, autocast and buffers that it had.

    Inside, buffers are copies and hooks of ours are silent, so that a backward pass may follow.
    names: of the parameters, by their id.
    """
    with silence(), kept.moment.again(), unchanged(model), torch.enable_grad():
        buffers = _copied_buffers(model, kept.buffers)
        places = Places()
        search = Search(places, _known(kept, names, buffers), phase, _call.__code__)
        with places.listening(model), search:
            output = _call(model, kept)
        yield Rerun([tensor for _, tensor in tensors_of(output)], search, places)


def _call(model: nn.Module, kept: ForwardPass) -> Any:
    return model(*kept.args, **kept.kwargs)


def nodes_before(starts: list[Any]) -> list[Any]:
    """Return the autograd nodes from `starts` back, as many as may be touched, without leaves."""
    order = list(dict.fromkeys(starts))
    seen, most = set(order), deepest()
    for node in order:
        for source, _ in node.next_functions:
            if source is not None and source not in seen and len(order) < most:
                seen.add(source)
                order.append(source)
    return [node for node in order if not isinstance(node, LEAF)]


def _copied_buffers(model: nn.Module, kept: Mapping[str, Tensor]) -> dict[int, str]:
    """Put copies in the place of all buffers; return their names by id."""
    copies: dict[int, Tensor] = {}
    names: dict[int, str] = {}
    for path, module in model.named_modules():
        for key, buffer in module._buffers.items():
            if buffer is not None:
                name = f"{path}.{key}" if path else key
                if id(buffer) not in copies:
                    copies[id(buffer)] = kept.get(name, buffer).detach().clone()
                module._buffers[key] = copies[id(buffer)]
                names[id(copies[id(buffer)])] = name
    return names


def _known(kept: ForwardPass, names: Mapping[int, str], buffers: Mapping[int, str]) -> Known:
    known = {place: (WEIGHT, name) for place, name in names.items()}
    known |= {place: (BUFFER, name) for place, name in buffers.items()}
    for name, tensor in tensors_of(kept.args):
        known[id(tensor)] = (DATA, f"input {name}")
    for name, tensor in tensors_of(kept.kwargs):
        known[id(tensor)] = (DATA, name)
    return Known(known, rows_of((kept.args, kept.kwargs)) or 0, kept.called_from)
