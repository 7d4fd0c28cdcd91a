"""Euclidean norms of many tensors at once: exact enough, one read, no wait for a device.

Facts behind the choices: `_foreach_norm` in float32 loses digits as a CPU tensor grows (1e-5 at a
million numbers, 1e-2 at a hundred million), overflows in float16 and rounds bfloat16 to 8 bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.float64] | Tensor
"""Shape (n,): float64 NumPy for CPU tensors, else a float32 tensor on the accelerator."""

LARGE = 1 << 14
CHUNK = 1 << 18
"""Numbers that one dot product sums in float32. With equal numbers, its worst case, some
processors' kernels lose 1e-4 over so many; of random ones, 4e-7."""

CHUNK_OF_HALVES = 1 << 14
"""Rarely large on a CPU, so digits count more than time: 1.8 times as long, and nothing lost."""

_HALVES = (torch.float16, torch.bfloat16)


class Norms:
    """Measures lists of tensors that look like the list it was made for.

    Sorting tensors by device, dtype and size takes as long as measuring small ones, so it is done
    once. Another device, layout or length needs another `Norms`.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._size = len(tensors)
        self._first = tensors[0].device if tensors else torch.device("cpu")
        self._large: list[int] = []
        self._odd: list[int] = []
        self._small: dict[tuple[torch.device, torch.dtype], list[int]] = {}
        for index, tensor in enumerate(tensors):
            self._sort(index, tensor)
        self.home = next((device for device, _ in self._small if device.type != "cpu"), None)
        self._order = self._device_order()

    def fits(self, tensors: Sequence[Tensor]) -> bool:
        """Tell, cheaply, whether nothing speaks against measuring `tensors`."""
        if len(tensors) != self._size:
            return False
        return not tensors or tensors[0].device == self._first

    @torch.no_grad()
    def measure(self, tensors: Sequence[Tensor]) -> Numbers:
        """Return the norm of each tensor; NaN and infinity pass through.

        Raises:
            RuntimeError: if the tensors are not like those this was made for.
        """
        if self.home is not None:
            return self._on_device(tensors)
        found = [0.0] * self._size
        for (_, dtype), indices in self._small.items():
            norms = torch._foreach_norm([tensors[i] for i in indices], 2.0, dtype=_wide(dtype))
            for index, norm in zip(indices, norms, strict=True):
                found[index] = norm.item()
        for index in self._large:
            found[index] = _large_norm(tensors[index])
        for index in self._odd:
            found[index] = _odd_norm(tensors[index])
        _rescue(found, tensors)
        return np.array(found)

    def _sort(self, index: int, tensor: Tensor) -> None:
        if not _is_plain(tensor):
            self._odd.append(index)
        elif _is_large(tensor):
            self._large.append(index)
        else:
            self._small.setdefault((tensor.device, tensor.dtype), []).append(index)

    def _device_order(self) -> Tensor | None:
        """Return where each tensor's norm stands among those of `_on_device`."""
        if self.home is None:
            return None
        order = np.empty(self._size, np.int64)
        host = self._large + self._odd
        order[[i for group in self._small.values() for i in group] + host] = np.arange(self._size)
        return torch.from_numpy(order).to(self.home)

    def _on_device(self, tensors: Sequence[Tensor]) -> Tensor:
        parts = []
        for indices in self._small.values():
            norms = torch._foreach_norm([tensors[i] for i in indices], 2.0, dtype=torch.float32)
            parts.append(torch.stack(norms).to(self.home, non_blocking=True))
        parts += [_as_norm(tensors[i], self.home) for i in self._large + self._odd]
        assert self._order is not None
        return torch.cat(parts)[self._order]


def norms_of(tensors: Sequence[Tensor]) -> Numbers:
    """Return the norm of each tensor, of any devices, dtypes, layouts and sizes."""
    return Norms(tensors).measure(tensors)


def joined(norms: Sequence[Any]) -> Numbers:
    """Return single norms, floats or 0-d tensors of any devices, as one array or tensor."""
    tensors = (norm for norm in norms if isinstance(norm, Tensor))
    home = next((norm.device for norm in tensors if norm.device.type != "cpu"), None)
    if home is None:
        return np.array([float(norm) for norm in norms])
    moved = [torch.as_tensor(norm).to(home, torch.float32, non_blocking=True) for norm in norms]
    return torch.stack(moved)


def total(norms: Numbers) -> float | Tensor:
    """Return the norm of all together: sqrt(sum of squares), 0 of none; a tensor on a device."""
    if isinstance(norms, Tensor):
        together: Tensor = torch.linalg.vector_norm(norms)
        return together
    # Python's floats, unlike NumPy's, do not warn where a square leaves their range.
    return math.sqrt(sum(norm * norm for norm in norms.tolist()))


def quotient(norms: Numbers, by: Numbers) -> Numbers:
    """Return `norms / by` one by one, NaN where `by` is zero."""
    if isinstance(norms, Tensor) and isinstance(by, Tensor):
        return torch.where(by > 0, norms / by, math.nan)
    norms, by = np.asarray(norms), np.asarray(by)
    found = np.full(len(by), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        np.divide(norms, by, out=found, where=by > 0)
    return found


def plain(tensor: Tensor) -> Tensor:
    """Return the dense real numbers of a sparse, complex, 8-bit or replicated tensor.

    Raises:
        TypeError: for a gradient sharded over processes; its norm is not this process's to tell.
    """
    if hasattr(tensor, "placements"):
        tensor = _replica(tensor)
    if tensor.layout is torch.sparse_coo:
        tensor = tensor.coalesce()._values()
    elif tensor.layout is not torch.strided:
        tensor = tensor.values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    return tensor.float() if tensor.dtype.itemsize == 1 else tensor


def _replica(tensor: Tensor) -> Tensor:
    if not all(placement.is_replicate() for placement in tensor.placements):  # type: ignore[attr-defined]
        raise TypeError("gradients sharded over processes (FSDP, tensor parallel) are not measured")
    return tensor.to_local()  # type: ignore[attr-defined, no-any-return]


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.layout is torch.strided
        and tensor.is_floating_point()
        and tensor.dtype.itemsize > 1
        and not hasattr(tensor, "placements")
    )


def _is_large(tensor: Tensor) -> bool:
    if tensor.device.type != "cpu" or tensor.numel() < LARGE:
        return False
    return tensor.dtype is torch.float32 or tensor.dtype in _HALVES


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype is torch.float64 else torch.float32


def _large_norm(tensor: Tensor) -> float:
    numbers = flat(tensor)
    if numbers.dtype is torch.float32:
        return math.sqrt(sum(torch.dot(part, part).item() for part in numbers.split(CHUNK)))
    parts = (part.float() for part in numbers.split(CHUNK_OF_HALVES))
    return math.sqrt(sum(torch.dot(part, part).item() for part in parts))


def flat(tensor: Tensor) -> Tensor:
    """Return all numbers in memory order, without a copy where they are dense in any order."""
    if tensor.is_contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else False:
        return tensor.as_strided((tensor.numel(),), (1,))
    return tensor.reshape(-1)


def _odd_norm(tensor: Tensor) -> float:
    return float(_measure_one(plain(tensor)))


def _measure_one(tensor: Tensor) -> Tensor:
    if tensor.numel() == 0:
        return torch.zeros((), device=tensor.device)
    return torch._foreach_norm([tensor], 2.0, dtype=_wide(tensor.dtype))[0]


def _as_norm(tensor: Tensor, home: torch.device | None) -> Tensor:
    return _measure_one(plain(tensor)).float().to(home, non_blocking=True).reshape(1)


def _rescue(found: list[float], tensors: Sequence[Tensor]) -> None:
    """Measure again where a float32 sum of squares may have left its range."""
    doubtful = [i for i, norm in enumerate(found) if not 1e-18 < norm < math.inf]
    for index in doubtful:
        found[index] = _scaled_norm(plain(tensors[index]))


def _scaled_norm(tensor: Tensor) -> float:
    if tensor.numel() == 0:
        return 0.0
    largest = tensor.abs().max().item()
    if largest == 0 or not math.isfinite(largest):
        return float(largest)
    return float(largest * torch.linalg.vector_norm(tensor.double() / largest).item())
