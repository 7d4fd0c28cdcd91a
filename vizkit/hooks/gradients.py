"""The gradient norms that one optimizer steps with, before and after clipping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vizkit.hooks import clipping
from vizkit.hooks.losses import Number
from vizkit.hooks.norms import Norms, Numbers, plain, total
from vizkit.hooks.roster import Plan


@dataclass(frozen=True)
class Gradients:
    """Norms of those gradients that are there; `places[i]` is the roster position of norm i."""

    places: NDArray[np.intp]
    norms: Numbers
    total: Number
    clipped: Number | None
    """Norm of all together after clipping, None if the user did not clip."""
    nonfinite: NDArray[np.float64] | None = None
    """How many numbers of each are NaN or infinite; None if all norms are finite, or on a device.

    Counted as the optimizer gets them, where the norm before clipping was not finite: clipping by a
    norm of NaN makes all of a gradient NaN.
    """


class GradientNorms:
    """Measures gradients step by step, sorting them anew only when they look different."""

    def __init__(self) -> None:
        self._sorted: WeakKeyDictionary[Plan, tuple[list[bool], Norms]] = WeakKeyDictionary()

    def measure(
        self, plan: Plan, gradients: list[Tensor | None], grad_scale: Tensor | None = None
    ) -> Gradients | None:
        """Return the norms before clipping, divided by `grad_scale`; None without a gradient."""
        there = [gradient is not None for gradient in gradients]
        found = [gradient for gradient in gradients if gradient is not None]
        if not found:
            return None
        places = plan.positions if len(found) == len(there) else plan.positions[there]
        clipped = clipping.before_and_after(found)
        if clipped is not None:
            found_norms = _gradients(places, *clipped, grad_scale)
        else:
            found_norms = _gradients(places, self._norms(plan, there, found), None, grad_scale)
        return replace(found_norms, nonfinite=_nonfinite(found_norms.norms, found))

    def _norms(self, plan: Plan, there: list[bool], found: list[Tensor]) -> Numbers:
        known = self._sorted.get(plan)
        if known is not None and known[0] == there and known[1].fits(found):
            try:
                return known[1].measure(found)
            except (RuntimeError, TypeError):
                # Sparse where it was dense, say: sort again.
                self._sorted.pop(plan)
        norms = Norms(found)
        measured = norms.measure(found)
        self._sorted[plan] = (there, norms)
        return measured


def _gradients(
    places: NDArray[np.intp], before: Numbers, after: Numbers | None, grad_scale: Tensor | None
) -> Gradients:
    if grad_scale is not None:
        before = _divided(before, grad_scale)
        after = None if after is None else _divided(after, grad_scale)
    clipped = None if after is None else total(after)
    return Gradients(places, before, total(before), clipped)


def _divided(norms: Numbers, grad_scale: Tensor) -> Numbers:
    if isinstance(norms, Tensor):
        return norms / grad_scale.to(norms.device, non_blocking=True)
    return norms / float(grad_scale)


def _nonfinite(norms: Numbers, gradients: list[Tensor]) -> NDArray[np.float64] | None:
    # On a device, to look would be to wait for it.
    if isinstance(norms, Tensor) or np.isfinite(norms).all():
        return None
    counts = np.zeros(len(norms))
    for place in np.flatnonzero(~np.isfinite(norms)):
        numbers = plain(gradients[place])
        counts[place] = numbers.numel() - torch.isfinite(numbers).sum().item()
    return counts
