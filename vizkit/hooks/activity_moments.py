"""Mean, spread, zeros and non-finite numbers of a tensor: few passes, and no wait for a device.

Counted are all numbers of a floating or complex tensor of any layout, in float32 at least. A sparse
tensor's missing numbers are zeros. Sharded tensors count as far as they are in this process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vizkit.hooks.norms import flat

CHUNK = 1 << 15
"""Numbers that fit a core's cache: they are read three times, and from memory once."""

SHIFTED = 10
"""Times that the squared mean may exceed the variance: float32 sums so many squares to 1e-5."""

TINY = 1e-15
"""Root mean square below which squares leave the range of float32."""


class Moments(NamedTuple):
    """Of the finite numbers: how many, their mean, the sum of squared distances from it."""

    finite: float
    mean: float
    spread: float
    zeros: float
    nonfinite: float


NOTHING = Moments(0.0, 0.0, 0.0, 0.0, 0.0)


def moments(tensor: Tensor) -> Moments | Tensor | None:
    """Return what a CPU tensor holds; on a device a tensor of it, shape (5,), None for others.

    Others are integers, tensors without storage and those that functional transforms wrap.
    """
    # Nothing of this is for function modes, the user's or our own tracing.
    with torch._C.DisableTorchFunction():
        if not _counts(tensor):
            return None
        dense, missing = _stored(tensor)
        if dense.numel() == 0:
            found: Moments | Tensor = NOTHING
        else:
            found = _on_host(dense) if dense.device.type == "cpu" else _on_device(dense)
        return _with_zeros(found, missing) if missing else found


def pooled(places: NDArray[np.intp], found: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return what all tensors of a place hold together.

    Args:
        places: shape (n,), the place of each tensor.
        found: shape (n, 5), their moments.
        size: how many places there are.

    Returns:
        Shape (4, size): mean and standard deviation of the finite numbers (divided by their count),
        share of exact zeros in 0..1, count of non-finite numbers. NaN where there is no number.
    """

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(places, weights=values, minlength=size).astype(np.float64)

    count, mean, spread, zeros, nonfinite = found.T
    counts, lost = summed(count), summed(nonfinite)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        means = summed(np.where(count > 0, count * mean, 0.0)) / counts
        between = np.where(count > 0, count * (mean - means[places]) ** 2, 0.0)
        deviations = np.sqrt(summed(spread + between) / counts)
        shares = summed(zeros) / (counts + lost)
    lost[counts + lost == 0] = np.nan
    return np.stack([means, deviations, shares, lost])


def _counts(tensor: Tensor) -> bool:
    if not (tensor.is_floating_point() or tensor.is_complex()) or tensor.device.type == "meta":
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def _stored(tensor: Tensor) -> tuple[Tensor, int]:
    """Return all stored numbers, real and of 16 bits at least, and how many zeros are missing."""
    if hasattr(tensor, "placements"):
        tensor = tensor.to_local()  # type: ignore[attr-defined]
    tensor = tensor.detach()
    whole = tensor.numel()
    if tensor.is_nested:
        tensor = tensor.values()
        whole = tensor.numel()
    elif tensor.layout is torch.sparse_coo:
        tensor = tensor.coalesce().values()
    elif tensor.layout is not torch.strided:
        tensor = tensor.values()
    missing = whole - tensor.numel()
    if tensor.is_complex():
        tensor, missing = torch.view_as_real(tensor.resolve_conj()), 2 * missing
    tensor = tensor.resolve_neg()
    return (tensor.float() if tensor.dtype.itemsize == 1 else tensor), missing


def _with_zeros(found: Moments | Tensor, more: int) -> Moments | Tensor:
    """Add zeros that are not stored."""
    finite, mean, spread, zeros, nonfinite = found
    together = finite + more
    between = mean * mean * finite * more / together
    parts = together, mean * finite / together, spread + between, zeros + more, nonfinite
    if isinstance(found, Tensor):
        return torch.stack([torch.as_tensor(part) for part in parts])
    return Moments(*parts)


def _on_host(tensor: Tensor) -> Moments:
    numbers = flat(tensor)
    total = squares = 0.0
    zeros = 0
    for part in _parts(numbers):
        wide = part if part.dtype is torch.float64 else part.float()
        total += wide.sum().item()
        squares += torch.dot(wide, wide).item()
        # torch.count_nonzero is ten times slower than this.
        zeros += np.count_nonzero(wide.numpy() == 0)
    count = numbers.numel()
    mean = total / count
    spread = squares - count * mean * mean
    if not math.isfinite(squares) or _is_doubtful(count, mean, spread, squares, zeros):
        return _exact(numbers, zeros)
    return Moments(count, mean, spread, zeros, 0)


def _parts(numbers: Tensor) -> Sequence[Tensor]:
    return (numbers,) if numbers.numel() <= CHUNK else numbers.split(CHUNK)


def _is_doubtful(count: int, mean: float, spread: float, squares: float, zeros: int) -> bool:
    if zeros == count:
        return False
    return spread * SHIFTED < count * mean * mean or squares < count * TINY**2


def _exact(numbers: Tensor, zeros: int) -> Moments:
    """Return the same in float64, of the finite numbers only."""
    parts = [part.double().numpy() for part in _parts(numbers)]
    finite = [part[np.isfinite(part)] for part in parts]
    count = sum(part.size for part in finite)
    nonfinite = numbers.numel() - count
    if not count:
        return Moments(0, 0.0, 0.0, zeros, nonfinite)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = math.fsum(float(part.sum()) / count for part in finite)
        spread = math.fsum(float(np.square(part - mean).sum()) for part in finite)
    return Moments(count, mean, spread, zeros, nonfinite)


def _on_device(tensor: Tensor) -> Tensor:
    """Return the moments without waiting: float64, or float32 where the device has no other."""
    wide = torch.float32 if tensor.device.type == "mps" else torch.float64
    numbers = tensor if tensor.dtype is torch.float64 else tensor.float()
    finite = torch.isfinite(numbers).sum().to(wide)
    zeros = torch.count_nonzero(numbers).to(wide).neg() + tensor.numel()
    spread, mean = torch.var_mean(torch.nan_to_num(numbers, 0.0, 0.0, 0.0), correction=0)
    return _finite_only(spread.to(wide), mean.to(wide), finite, zeros, tensor.numel())


def _finite_only(
    variance: Tensor, mean: Tensor, finite: Tensor, zeros: Tensor, count: int
) -> Tensor:
    """Take out of the variance and mean of `count` numbers those that were set to zero."""
    few = finite.clamp(min=1)
    of_finite = mean * count / few
    spread = variance * count - of_finite * mean * (count - finite)
    return torch.stack([finite, of_finite, spread.clamp(min=0), zeros, count - finite])
