"""Many named numbers of one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.kinds.scalar.value import Pending, hold, is_remote, is_tensor


@dataclass(frozen=True)
class Vector:
    """`len(names)` numbers of one step; they read back as one scalar series for each name.

    `values`: shape (n,), array, sequence or tensor of real numbers; float64 stays float64, all
    else is kept as float32. Pass the same `names` tuple at each step: it is written only once.
    """

    names: tuple[str, ...]
    values: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))

    def array(self) -> NDArray[Any]:
        """Return the values as a float32 or float64 array, shape (n,), waiting for a device.

        Raises:
            ValueError: if there are not as many values as names.
            TypeError: if the values are not real numbers.
        """
        found = _as_floats(self.values)
        if found.shape != (len(self.names),):
            raise ValueError(f"{len(self.names)} names, but values of shape {found.shape}")
        return found

    def frozen(self) -> Vector:
        """Return a copy that later changes of the values do not reach, without waiting."""
        return Vector(self.names, _copy(self.values))


def _copy(values: Any) -> Any:
    if isinstance(values, Pending):
        return values
    if is_tensor(values):
        return hold(values) if is_remote(values) else values.detach().clone()
    return np.array(values)


def _as_floats(values: Any) -> NDArray[Any]:
    if isinstance(values, Pending):
        values = values.read()
    if is_tensor(values):
        values = _tensor_on_cpu(values)
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"dtype {array.dtype} is not a real number")
    return array if array.dtype in (np.float32, np.float64) else array.astype(_dtype(array))


def _dtype(array: NDArray[Any]) -> type[np.floating[Any]]:
    # float16 fits float32; integers up to 64 bits need float64.
    return np.float32 if array.dtype == np.float16 else np.float64


def _tensor_on_cpu(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    # NumPy has no bfloat16 (nor the 8-bit floats).
    return tensor.numpy() if str(tensor.dtype) in _NUMPY_FLOATS else tensor.float().numpy()


_NUMPY_FLOATS = ("torch.float64", "torch.float32", "torch.float16")
