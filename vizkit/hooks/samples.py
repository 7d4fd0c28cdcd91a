"""How many samples a step saw: the first dimension of what the model or the criterion got."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor


class Samples:
    """Counts, per thread, the samples of each backward pass by the first forward pass before it."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._counted: defaultdict[int, int] = defaultdict(int)

    def saw(self, inputs: Any) -> None:
        """Note the inputs of a forward pass that a backward pass may follow."""
        if torch.is_grad_enabled() and threading.get_ident() not in self._seen:
            rows = rows_of(inputs)
            if rows is not None:
                self._seen[threading.get_ident()] = rows

    def backward_ended(self) -> None:
        """Count what was seen since the last backward pass."""
        thread = threading.get_ident()
        self._counted[thread] += self._seen.pop(thread, 0)

    def take(self) -> int:
        """Return the samples since the last step of this thread, 0 if unknown."""
        return self._counted.pop(threading.get_ident(), 0)


def rows_of(inputs: Any) -> int | None:
    """Return the first dimension of the first tensor that has one, in arguments however nested."""
    if isinstance(inputs, Tensor):
        return inputs.shape[0] if inputs.dim() else None
    if isinstance(inputs, Mapping):
        return _first(inputs.values())
    return _first(inputs) if isinstance(inputs, (list, tuple)) else None


def _first(inputs: Iterable[Any]) -> int | None:
    return next((rows for each in inputs if (rows := rows_of(each)) is not None), None)
