"""Norms of gradients before the user's own clipping, kept from where torch works them out."""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vizkit.errors import guarded
from vizkit.hooks.norms import Numbers, joined, norms_of, quotient

TRUSTED = 1 << 22
"""Numbers up to which torch's own float32 norm of a tensor is exact enough (1e-4)."""

_TROUBLE = "vizkit.watch cannot tell the gradient norms before clipping"


@dataclass
class Clipped:
    """Gradients that were clipped together: norms before, and the factors since, (n,) or one.

    Entry i is valid while `grads[i]` lives and its version is `versions[i]`.
    """

    grads: list[weakref.ref[Tensor]]
    versions: list[int]
    norms: Numbers
    factors: Any

    def holds(self, gradients: Sequence[Tensor]) -> bool:
        """Tell whether these are exactly the gradients, unchanged since."""
        return (
            len(gradients) == len(self.grads)
            and all(ref() is g for ref, g in zip(self.grads, gradients, strict=True))
            and [g._version for g in gradients] == self.versions
        )

    def find(self, gradient: Tensor) -> int | None:
        """Return the place of one gradient that was not changed since, or None."""
        for place, (ref, version) in enumerate(zip(self.grads, self.versions, strict=True)):
            if ref() is gradient and version == gradient._version:
                return place
        return None


class _Memory(threading.local):
    """What this thread clipped since its last backward pass, the latest last."""

    def __init__(self) -> None:
        self.clipped: list[Clipped] = []


_memory = _Memory()


def before_and_after(gradients: Sequence[Tensor]) -> tuple[Numbers, Numbers] | None:
    """Return the norms before and after this thread's clipping, None if it clipped none of them.

    What was not clipped, or changed since, is measured now.
    """
    for clipped in _memory.clipped:
        if clipped.holds(gradients):
            with np.errstate(over="ignore", invalid="ignore"):
                return clipped.norms, clipped.norms * clipped.factors
    places = [_find(gradient) for gradient in gradients] if _memory.clipped else []
    return _mixed(gradients, places) if any(places) else None


def forget() -> None:
    """Forget all that this thread clipped."""
    _memory.clipped.clear()


def keeping_norms(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap torch's `_get_total_norm`: same result, but the norm of each tensor is kept."""

    def get_total_norm(tensors: Any, norm_type: float = 2.0, *args: Any, **kwargs: Any) -> Tensor:
        if torch.compiler.is_compiling():
            return original(tensors, norm_type, *args, **kwargs)
        tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
        heard: list[Tensor] | None = None
        if float(norm_type) == 2.0 and _are_trusted(tensors):
            with _Listener() as listener:
                total = original(tensors, norm_type, *args, **kwargs)
            heard = listener.heard
        else:
            total = original(tensors, norm_type, *args, **kwargs)
        guarded("watch clipping", _TROUBLE, lambda: _keep(tensors, heard))
        return total

    return get_total_norm


def keeping_factor(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap torch's `_clip_grads_with_norm_`: note by how much it scales what is kept."""

    def clip_grads_with_norm_(
        parameters: Any, max_norm: float, total_norm: Tensor, *args: Any, **kwargs: Any
    ) -> None:
        if torch.compiler.is_compiling() or not _memory.clipped:
            return original(parameters, max_norm, total_norm, *args, **kwargs)
        parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        gradients = [p.grad for p in parameters if p.grad is not None]
        latest = _memory.clipped[-1]
        known = latest.holds(gradients)
        original(parameters, max_norm, total_norm, *args, **kwargs)
        if known:
            note = functools.partial(_scale, latest, gradients, float(max_norm), total_norm)
            guarded("watch clipping", _TROUBLE, note)
        return None

    return clip_grads_with_norm_


class _Listener(TorchFunctionMode):
    """Hears the norms that torch works out one by one before it adds them up.

    Then it goes deaf: hearing each further call would take longer than measuring anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Tensor] | None = None
        self._deaf: Any = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch._foreach_norm and self._deaf is None:
            self.heard = list(result)
            self._deaf = torch._C.DisableTorchFunction()
            self._deaf.__enter__()
        return result

    def __exit__(self, *error: Any) -> None:
        if self._deaf is not None:
            self._deaf.__exit__(*error)
        super().__exit__(*error)  # type: ignore[no-untyped-call]


def _are_trusted(tensors: Sequence[Tensor]) -> bool:
    """Tell whether torch measures these in one go, precisely enough to be kept."""
    if not tensors:
        return False
    dtype, device = tensors[0].dtype, tensors[0].device
    largest = TRUSTED if device.type == "cpu" else 1 << 62
    return dtype in (torch.float32, torch.float64) and all(
        type(t) is Tensor and t.dtype is dtype and t.device == device and t.numel() <= largest
        for t in tensors
    )


def _keep(tensors: Sequence[Tensor], heard: Sequence[Tensor] | None) -> None:
    if any(clipped.holds(tensors) for clipped in _memory.clipped[-1:]):
        return
    known = before_and_after(tensors)
    factors: Any = 1.0
    if known is not None:
        norms, factors = known[0], quotient(known[1], known[0])
    else:
        whole = heard is not None and len(heard) == len(tensors)
        norms = joined(heard) if heard is not None and whole else norms_of(tensors)
    references = list(map(weakref.ref, tensors))
    versions = [tensor._version for tensor in tensors]
    _memory.clipped.append(Clipped(references, versions, norms, factors))


def _scale(
    clipped: Clipped, gradients: Sequence[Tensor], max_norm: float, total_norm: Tensor
) -> None:
    clipped.versions = [gradient._version for gradient in gradients]
    clipped.factors = clipped.factors * _factor(max_norm, total_norm)


def _factor(max_norm: float, total_norm: Tensor) -> Any:
    """Return what torch multiplies with; a tensor on an accelerator, not to wait for it."""
    if total_norm.device.type == "cpu":
        factor = max_norm / (total_norm.item() + 1e-6)
        # Not min(): a NaN stays NaN here as in torch.
        return 1.0 if factor > 1.0 else factor
    return torch.clamp(max_norm / (total_norm + 1e-6), max=1.0)


def _find(gradient: Tensor) -> tuple[Clipped, int] | None:
    # The latest first: it knows the factors of those before.
    for clipped in reversed(_memory.clipped):
        place = clipped.find(gradient)
        if place is not None:
            return clipped, place
    return None


def _mixed(
    gradients: Sequence[Tensor], places: Sequence[tuple[Clipped, int] | None]
) -> tuple[Numbers, Numbers]:
    fresh = [gradient for gradient, found in zip(gradients, places, strict=True) if found is None]
    measured = iter(norms_of(fresh) if fresh else ())
    before: list[Any] = []
    after: list[Any] = []
    for found in places:
        norm = next(measured) if found is None else found[0].norms[found[1]]
        before.append(norm)
        after.append(norm if found is None else norm * _factor_at(*found))
    return joined(before), joined(after)


def _factor_at(clipped: Clipped, place: int) -> Any:
    one_for_all = getattr(clipped.factors, "shape", ()) == ()
    return clipped.factors if one_for_all else clipped.factors[place]
