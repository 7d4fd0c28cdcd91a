"""What counts as a number, and how a tensor's value is kept without waiting for its device."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pending:
    """A copy of an accelerator's tensor, to be read later by another thread.

    `ready` is the event that the copying stream passes once the copy is there, or None where the
    device has no streams.
    """

    tensor: Any
    ready: Any = None

    def read(self) -> Any:
        """Wait for the device and return the tensor on the CPU."""
        if self.ready is not None:
            self.ready.synchronize()
        return self.tensor.cpu()


def to_float(value: Any) -> float | Pending:
    """Return the number that `value` holds, or a copy to be read later.

    `value`: a number, a bool, a NumPy scalar, or an array or tensor of exactly one element. CPU
    tensors are read at once, others are cloned on their device without a synchronisation.

    Raises:
        TypeError: if `value` is not a number.
        ValueError: if it holds none or several.
        OverflowError: if it is an integer beyond float64.
    """
    kind = type(value)
    if kind is float:
        return value  # type: ignore[no-any-return]
    if isinstance(value, (int, float)):
        return float(value)
    _check_size(value)
    if is_tensor(value):
        return hold(value) if is_remote(value) else _number(value.item())
    return _number(value.item() if hasattr(value, "item") else value)


def read(value: float | Pending) -> float:
    """Return the number, waiting for the device if it is still there."""
    return _number(value.read().item()) if isinstance(value, Pending) else value


def is_tensor(value: object) -> bool:
    """Tell a torch tensor by its shape, so that torch need not be imported."""
    return hasattr(value, "detach") and hasattr(value, "device")


def is_remote(tensor: Any) -> bool:
    """Tell whether reading the tensor would wait for a device."""
    return getattr(tensor.device, "type", "cpu") != "cpu"


def hold(tensor: Any) -> Pending:
    """Copy a device's tensor on its device and mark the moment on its stream."""
    copy = tensor.detach().clone()
    torch = sys.modules.get("torch")
    if torch is None or not getattr(copy, "is_cuda", False):
        return Pending(copy)
    # The writer thread reads on another stream: it must wait for this one, which may be a side one.
    return Pending(copy, torch.cuda.current_stream(copy.device).record_event())


def _check_size(value: Any) -> None:
    shape = getattr(value, "shape", ())
    if any(side != 1 for side in shape):
        raise ValueError(f"it has shape {tuple(shape)}, one number is wanted")


def _number(value: Any) -> float:
    if isinstance(value, (str, bytes, complex)) or not hasattr(value, "__float__"):
        raise TypeError(f"{type(value).__name__} is not a real number")
    return float(value)
