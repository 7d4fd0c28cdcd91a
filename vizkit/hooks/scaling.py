"""AMP: the loss before `GradScaler.scale`, the scale, and steps that the scaler skipped."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch import Tensor

from vizkit.errors import guarded
from vizkit.hooks.losses import Number, number

_unscaled: dict[int, tuple[weakref.ref[Tensor], Number]] = {}


def remembering(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `GradScaler.scale`: same result, but each scaled scalar remembers its unscaled value."""

    def scale(self: Any, outputs: Any) -> Any:
        result = original(self, outputs)
        if self.is_enabled():
            guarded(
                "watch scale",
                "vizkit.watch cannot tell the loss before scaling",
                lambda: _remember_all(outputs, result),
            )
        return result

    return scale


def unscaled(root: Tensor) -> Number:
    """Return the value of a scalar that a backward pass started from, before any scaling."""
    found = _unscaled.get(id(root))
    return found[1] if found is not None and found[0]() is root else number(root)


def scale_of(scaler: Any) -> Number | None:
    """Return the scale of now, which `update` will change in place, without waiting for it."""
    scale = getattr(scaler, "_scale", None)
    return number(scale) if isinstance(scale, Tensor) else None


def _remember_all(outputs: Any, scaled: Any) -> None:
    if isinstance(outputs, (list, tuple)):
        for output, each in zip(outputs, scaled, strict=True):
            _remember_all(output, each)
    elif isinstance(outputs, Tensor) and outputs.numel() == 1:
        _remember(outputs, scaled)


def _remember(output: Tensor, scaled: Tensor) -> None:
    key = id(scaled)
    reference = weakref.ref(scaled, lambda _: _unscaled.pop(key, None))
    _unscaled[key] = (reference, number(output))
