"""Norms of gradients before the user's own clipping, kept from where torch works them out."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vizkit.errors import guarded
from vizkit.hooks.norms import norms_of

_TROUBLE = "vizkit.watch cannot tell the gradient norms before clipping"

TRUSTED = 1 << 22
"""Numbers up to which torch's own float32 norm of a tensor is exact enough (1e-4)."""


@dataclass
class Kept:
    """The norm of one gradient before clipping, and what clipping multiplied it with since.

    Valid for `grad` while its version is `version`; `norm` and `factor` are 0-d or floats.
    """

    grad: weakref.ref[Tensor]
    version: int
    norm: Any
    factor: Any = 1.0


class _Memory(threading.local):
    """The kept norms of this thread by the id of the gradient; forgotten at the next backward."""

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}


_memory = _Memory()


def kept_norm(grad: Tensor) -> Kept | None:
    """Return what is kept of a gradient, if it was clipped and not changed since."""
    found = _memory.kept.get(id(grad))
    if found is None or found.grad() is not grad or found.version != grad._version:
        return None
    return found


def any_kept() -> bool:
    """Tell whether this thread clipped anything since its last backward pass."""
    return bool(_memory.kept)


def forget() -> None:
    """Forget all that this thread kept."""
    _memory.kept.clear()


def keeping_norms(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Wrap torch's `_get_total_norm`: same result, but the norm of each tensor is kept."""

    def get_total_norm(tensors: Any, norm_type: float = 2.0, *args: Any, **kwargs: Any) -> Tensor:
        if torch.compiler.is_compiling():
            return original(tensors, norm_type, *args, **kwargs)
        tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
        listener = _Listener()
        if float(norm_type) == 2.0:
            with listener:
                total = original(tensors, norm_type, *args, **kwargs)
        else:
            total = original(tensors, norm_type, *args, **kwargs)
        guarded("watch clipping", _TROUBLE, lambda: _keep(tensors, listener.heard))
        return total

    return get_total_norm


def keeping_factor(original: Callable[..., None]) -> Callable[..., None]:
    """Wrap torch's `_clip_grads_with_norm_`: note by how much it scales what is kept."""

    def clip_grads_with_norm_(
        parameters: Any, max_norm: float, total_norm: Tensor, *args: Any, **kwargs: Any
    ) -> None:
        if torch.compiler.is_compiling() or not _memory.kept:
            return original(parameters, max_norm, total_norm, *args, **kwargs)
        parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        grads = [p.grad for p in parameters if p.grad is not None]
        known = [(grad, kept) for grad in grads if (kept := kept_norm(grad)) is not None]
        original(parameters, max_norm, total_norm, *args, **kwargs)
        guarded("watch clipping", _TROUBLE, lambda: _note(known, float(max_norm), total_norm))
        return None

    return clip_grads_with_norm_


def _note(known: Sequence[tuple[Tensor, Kept]], max_norm: float, total_norm: Tensor) -> None:
    factor = _factor(max_norm, total_norm)
    for grad, kept in known:
        kept.version = grad._version
        kept.factor = kept.factor * factor


class _Listener(TorchFunctionMode):
    """Hears the norms that torch works out one by one before it adds them up."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[int, Tensor] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is torch._foreach_norm:
            self.heard.update((id(t), norm) for t, norm in zip(args[0], result, strict=True))
        return result


def _keep(tensors: Sequence[Tensor], heard: dict[int, Tensor]) -> None:
    untrusted = [t for t in tensors if id(t) not in heard or not _is_trusted(t)]
    if untrusted:
        norms = norms_of(untrusted)
        heard |= {id(t): norm for t, norm in zip(untrusted, norms, strict=True)}
    for tensor in tensors:
        if kept_norm(tensor) is None:
            _memory.kept[id(tensor)] = Kept(weakref.ref(tensor), tensor._version, heard[id(tensor)])


def _is_trusted(tensor: Tensor) -> bool:
    wide = tensor.dtype is torch.float32 or tensor.dtype is torch.float64
    return wide and (tensor.device.type != "cpu" or tensor.numel() <= TRUSTED)


def _factor(max_norm: float, total_norm: Tensor) -> Any:
    """Return what torch multiplies with; a tensor on an accelerator, not to wait for it."""
    if total_norm.device.type == "cpu":
        factor = max_norm / (total_norm.item() + 1e-6)
        # Not min(): a NaN stays NaN here as in torch.
        return 1.0 if factor > 1.0 else factor
    return torch.clamp(max_norm / (total_norm + 1e-6), max=1.0)
