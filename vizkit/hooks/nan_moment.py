"""What a forward pass depends on besides its arguments, to be set again for a re-run of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Moment:
    """Random numbers of torch and autocast, by device, as they were."""

    numbers: tuple[tuple[int | None, Tensor], ...]
    autocast: tuple[tuple[bool, torch.dtype], ...]

    @classmethod
    def now(cls) -> Moment:
        """Note this moment; nothing waits for a device."""
        return cls(
            _numbers(),
            tuple((torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in _devices()),
        )

    @contextmanager
    def again(self) -> Iterator[None]:
        """Be at this moment inside; afterwards all is as it was, Python's random numbers too."""
        before, python, arrays = _numbers(), random.getstate(), _numpy_state()
        _set_numbers(self.numbers)
        try:
            with ExitStack() as stack:
                for device, (enabled, dtype) in zip(_devices(), self.autocast, strict=False):
                    if enabled or torch.is_autocast_enabled(device):
                        stack.enter_context(
                            torch.autocast(device, dtype, enabled, cache_enabled=False)
                        )
                yield
        finally:
            _set_numbers(before)
            random.setstate(python)
            if arrays is not None:
                sys.modules["numpy"].random.set_state(arrays)


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Give modules back, afterwards, the attributes that they have now.

    What a forward pass assigns is undone; what it changes in place is not, other than buffers that
    the re-run is given copies of.
    """
    kept = [(module, dict(vars(module)), dict(module._buffers)) for module in model.modules()]
    try:
        yield
    finally:
        for module, attributes, buffers in kept:
            _give_back(vars(module), attributes)
            _give_back(module._buffers, buffers)


def _give_back(now: dict[str, Any], before: dict[str, Any]) -> None:
    # Never empty in between: another thread may be using the module.
    now.update(before)
    for name in now.keys() - before.keys():
        del now[name]


def _devices() -> tuple[str, ...]:
    return ("cpu", "cuda") if torch.cuda.is_initialized() else ("cpu",)


def _numbers() -> tuple[tuple[int | None, Tensor], ...]:
    """Return (accelerator or None for the CPU, state of its generator)."""
    states: list[tuple[int | None, Tensor]] = [(None, torch.get_rng_state())]
    if torch.cuda.is_initialized():
        device = torch.cuda.current_device()
        states.append((device, torch.cuda.get_rng_state(device)))
    return tuple(states)


def _set_numbers(states: tuple[tuple[int | None, Tensor], ...]) -> None:
    for device, state in states:
        if device is None:
            torch.set_rng_state(state)
        else:
            torch.cuda.set_rng_state(state, device)


def _numpy_state() -> Any:
    numpy = sys.modules.get("numpy")
    return None if numpy is None else numpy.random.get_state()
