"""Which tensors are not finite, and what is told of them: ranges, counts, samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor

MOST_SAMPLES = 16


def is_bad(tensor: Tensor) -> bool:
    """Tell whether a tensor holds a NaN or an infinity; False where that cannot be told."""
    values = _values(tensor)
    if values is None:
        return False
    try:
        return not bool(torch.isfinite(values).all())
    except (RuntimeError, NotImplementedError):  # inside vmap, say
        return False


def holds_nan(tensor: Tensor) -> bool:
    """Tell whether a tensor holds a NaN."""
    values = _values(tensor)
    return values is not None and bool(torch.isnan(values).any())


def holds_plus_infinity(tensor: Tensor) -> bool:
    """Tell whether a tensor holds +infinity."""
    values = _values(tensor)
    return values is not None and bool((values == math.inf).any())


def described(tensor: Tensor, name: str = "") -> dict[str, Any]:
    """Return shape, dtype, the range of what is finite, and counts of NaN and infinities."""
    told: dict[str, Any] = {"name": name} if name else {}
    told |= {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
    values = _values(tensor)
    if values is None:
        return told
    finite = values[torch.isfinite(values)]
    if finite.numel():
        told |= {"min": float(finite.min()), "max": float(finite.max())}
    if finite.numel() < values.numel():
        infinite = int(torch.isinf(values).sum())
        told |= {"nan": int(torch.isnan(values).sum()), "inf": infinite}
    return told


def bad_samples(tensor: Tensor) -> list[int]:
    """Return the places in the first dimension where something is not finite, the first few."""
    if tensor.dim() == 0 or tensor.layout is not torch.strided:
        return []
    rows = ~torch.isfinite(tensor.detach()).reshape(tensor.shape[0], -1).all(1)
    found: list[int] = rows.nonzero().flatten().tolist()
    return found


def tensors_of(values: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield (name, tensor) in arguments or results however nested, dataclasses too."""
    if isinstance(values, Tensor):
        yield name, values
    else:
        for key, value in _items(values):
            yield from tensors_of(value, f"{name}.{key}" if name else str(key))


def _items(values: Any) -> list[tuple[Any, Any]]:
    if isinstance(values, Mapping):
        return list(values.items())
    if isinstance(values, (list, tuple)):
        return list(enumerate(values))
    if is_dataclass(values) and not isinstance(values, type):
        return [(each.name, getattr(values, each.name)) for each in fields(values)]
    return []


def _values(tensor: Tensor) -> Tensor | None:
    """Return the real numbers of a tensor, None where it holds none to look at."""
    if not (tensor.is_floating_point() or tensor.is_complex()) or tensor.is_meta:
        return None
    values = tensor.detach()
    if values.layout is torch.sparse_coo:
        values = values.coalesce()._values()
    if values.layout is not torch.strided or not values.numel():
        return None
    if values.is_complex():
        values = torch.view_as_real(values.resolve_conj())
    return values.float() if values.dtype.itemsize == 1 else values
