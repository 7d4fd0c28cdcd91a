"""Tells whether a backward pass was ours, where several trainings run in one process."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

from torch import Tensor

PROBES = 64


class Probes:
    """Looks at up to 64 parameters, evenly spread, before and after a backward pass."""

    def __init__(self) -> None:
        self._parameters: list[weakref.ref[Tensor]] = []
        # Per thread: backward passes of several threads overlap.
        self._marks: dict[int, list[tuple[int, int, int]]] = {}

    def choose(self, parameters: Sequence[Tensor]) -> None:
        """Look at these parameters from now on."""
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        stride = max(1, -(-len(trained) // PROBES))
        self._parameters = [weakref.ref(parameter) for parameter in trained[::stride]]

    def mark(self) -> None:
        """Remember the gradients of now."""
        self._marks[threading.get_ident()] = self._look()

    def changed(self) -> bool:
        """Tell whether any gradient, or weight, changed since the mark; yes if nobody knows."""
        marks = self._marks.pop(threading.get_ident(), [])
        return not marks or self._look() != marks

    def _look(self) -> list[tuple[int, int, int]]:
        return [_mark(p) for found in self._parameters if (p := found()) is not None]


def _mark(parameter: Tensor) -> tuple[int, int, int]:
    # The weight's own version, because an optimizer may step, and free gradients, in the backward.
    grad = parameter.grad
    if grad is None:
        return 0, 0, parameter._version
    return id(grad), grad._version, parameter._version
