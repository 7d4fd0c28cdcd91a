"""The moments of all outputs of a step, by the place of the module that made them."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vizkit.hooks.activity_moments import Moments, moments, pooled
from vizkit.hooks.activity_times import Deferred
from vizkit.hooks.shapes import tensors_in
from vizkit.kinds.scalar.value import Pending, hold

STATISTICS = ("activation_mean", "activation_std", "activation_zeros", "activation_nonfinite")


class Tally:
    """Holds numbers; those of tensors on a device stay there, and are sent in one piece."""

    def __init__(self) -> None:
        self._found: list[tuple[int, Moments | Tensor]] = []

    def __len__(self) -> int:
        """Return how many tensors were measured."""
        return len(self._found)

    def add(self, place: int, output: Any) -> None:
        """Measure the floating tensors in a module's output, however nested, each once."""
        for tensor in {id(tensor): tensor for tensor in tensors_in(output)}.values():
            try:
                found = moments(tensor)
            except (RuntimeError, TypeError):
                # A kind of tensor that has no such operations (quantised, of a library, ...).
                continue
            if found is not None:
                self._found.append((place, found))

    def cut(self, size: int) -> None:
        """Forget all but the first `size` tensors."""
        del self._found[size:]

    def vectors(self, size: int) -> dict[str, NDArray[np.float64] | Pending]:
        """Return each statistic by its tag, shape (size,): NaN where nothing was measured."""
        here = [(place, m) for place, m in self._found if isinstance(m, Moments)]
        there = self._sent()
        if not there:
            return dict(zip(STATISTICS, _pooled(here, [], size), strict=True))

        @functools.cache
        def read() -> NDArray[np.float64]:
            return _pooled(here, there, size)

        return {tag: Deferred(make=_row(read, row)) for row, tag in enumerate(STATISTICS)}

    def _sent(self) -> list[tuple[list[int], Pending]]:
        """Return the places of each device's tensors and their moments, under way to the host."""
        devices: defaultdict[torch.device, list[tuple[int, Tensor]]] = defaultdict(list)
        for place, found in self._found:
            if isinstance(found, Tensor):
                devices[found.device].append((place, found))
        return [
            ([place for place, _ in rows], hold(torch.stack([found for _, found in rows])))
            for rows in devices.values()
        ]


def _row(read: Callable[[], NDArray[np.float64]], row: int) -> Callable[[], NDArray[np.float64]]:
    return lambda: read()[row]


def _pooled(
    here: list[tuple[int, Moments]], there: list[tuple[list[int], Pending]], size: int
) -> NDArray[np.float64]:
    """Return all statistics, shape (4, size); waits for the devices that tensors are on."""
    places = [place for place, _ in here]
    rows = [np.array([found for _, found in here], np.float64).reshape(-1, 5)]
    for their_places, pending in there:
        places += their_places
        rows.append(pending.read().double().numpy())
    return pooled(np.array(places, np.intp), np.concatenate(rows), size)
