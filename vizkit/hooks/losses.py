"""The loss of a step: from the criterion's outputs, or from the roots of the backward passes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor

Number = float | Tensor
"""A float, or a 0-d copy on an accelerator that nobody waits for."""

MOST = 4096
"""Losses that one step keeps; a thread that never steps must not grow without end."""


def number(scalar: Tensor) -> Number:
    """Return the value of a tensor of one element."""
    if scalar.device.type == "cpu":
        return scalar.item().real if scalar.is_complex() else float(scalar.item())
    return scalar.detach().reshape(()).clone()


class Losses:
    """What was heard since the last step, per thread.

    Without a criterion the loss is the sum over the step's backward passes: dividing each by their
    number, as gradient accumulation does, makes it their mean. With a criterion it is the mean of
    its outputs, undivided and unscaled.
    """

    def __init__(self) -> None:
        self._roots: defaultdict[int, list[Number]] = defaultdict(list)
        self._outputs: defaultdict[int, list[Number]] = defaultdict(list)

    def add_root(self, value: Number) -> None:
        """Add what a backward pass started from."""
        self._add(self._roots, value)

    def add_output(self, value: Number) -> None:
        """Add what a criterion returned."""
        self._add(self._outputs, value)

    def pending(self) -> bool:
        """Tell whether this thread ran a backward pass since the last step."""
        return bool(self._roots.get(threading.get_ident()))

    def discard(self) -> None:
        """Forget this thread's losses: they were somebody else's, or of an earlier attempt."""
        self._roots.pop(threading.get_ident(), None)
        self._outputs.pop(threading.get_ident(), None)

    def take(self) -> Number | None:
        """Return the loss of the step that ends now on this thread, None if nothing was heard."""
        roots = self._roots.pop(threading.get_ident(), [])
        outputs = self._outputs.pop(threading.get_ident(), [])
        if outputs:
            return _sum(outputs) / len(outputs)
        return _sum(roots) if roots else None

    def _add(self, lists: defaultdict[int, list[Number]], value: Number) -> None:
        values = lists[threading.get_ident()]
        if len(values) < MOST:
            values.append(value)


def _sum(values: Sequence[Number]) -> Number:
    if len(values) == 1:
        return values[0]
    if any(isinstance(value, Tensor) for value in values):
        return _sum_on_device(values)
    return sum(float(value) for value in values)


def _sum_on_device(values: Sequence[Number]) -> Tensor:
    tensors = [value for value in values if isinstance(value, Tensor)]
    home = tensors[0].device
    host = sum(float(value) for value in values if not isinstance(value, Tensor))
    moved = [tensor.to(home, torch.float32, non_blocking=True) for tensor in tensors]
    return torch.stack(moved).sum() + host
