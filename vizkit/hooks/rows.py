"""Which optimizer steps make one step of the training, and what is logged of it."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vizkit.hooks.losses import Number
from vizkit.hooks.norms import Numbers
from vizkit.hooks.rates import Rates, rate_tag
from vizkit.hooks.roster import Plan
from vizkit.kinds.vector.names import SUFFIX
from vizkit.kinds.vector.value import Vector

VECTORS = ("grad_norm", "weight_norm", "update_ratio", "grad_nonfinite")
"""What is logged by parameter."""

MEMORY = 20
"""Rows that an optimizer may sit out before nobody waits for it any more."""


@dataclass(eq=False)
class Part:
    """What one optimizer's step contributes; `places[i]` is the roster position of norm i."""

    plan: Plan
    key: Any
    rates: Rates = field(default_factory=dict)
    loss: Number | None = None
    vectors: dict[str, tuple[Any, Numbers]] = field(default_factory=dict)
    grad_norm: Number | None = None
    clipped: Number | None = None
    extras: dict[str, Number] = field(default_factory=dict)
    samples: int = 0


@dataclass(eq=False)
class Row:
    """One step of the training, of one or more optimizers."""

    step: int
    parts: list[Part] = field(default_factory=list)
    wall_time: float = 0.0
    finished: float = 0.0
    """When its last part came, on the performance counter."""


class Assembly:
    """Puts parts into rows: a new row begins when an optimizer steps again.

    A row is complete once every optimizer that stepped lately is in it; the very first one also
    when its optimizer trains all there is to train, or is the only one that was named.
    """

    def __init__(self, start_step: int, expected: int | None) -> None:
        self.step = start_step - 1
        self._start = start_step
        self._expected = expected
        self._open: Row | None = None
        self._rows = 0
        self._last: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    @property
    def begun(self) -> int:
        """Return the step that began last, the first step before any."""
        return max(self.step, self._start)

    @property
    def is_open(self) -> bool:
        """Tell whether a row waits for further optimizers."""
        return self._open is not None

    def begin(self, key: Any) -> tuple[int, Row | None]:
        """Return the step that the next part of `key` belongs to, and a row that this ended."""
        ended = None
        if self._open is not None and any(part.key is key for part in self._open.parts):
            ended = self.close()
        if self._open is None:
            self.step += 1
            self._rows += 1
            self._open = Row(self.step)
        return self.step, ended

    def add(self, parts: list[Part], wall_time: float, finished: float) -> Row | None:
        """Add parts to the row that `begin` named; return the row if it is complete now."""
        if self._open is None:
            return None
        self._open.parts += parts
        self._open.wall_time, self._open.finished = wall_time, finished
        for part in parts:
            self._last[part.key] = self._rows
        return self.close() if self._is_complete(self._open) else None

    def close(self) -> Row | None:
        """Return the open row as it is."""
        row, self._open = self._open, None
        return row if row is not None and row.parts else None

    def several(self) -> bool:
        """Tell whether more than one optimizer stepped lately."""
        return len(self._awaited()) > 1

    def _is_complete(self, row: Row) -> bool:
        here = [part.key for part in row.parts]
        if self._rows == 1 and not self._are_all(row):
            return False
        return all(any(key is each for each in here) for key in self._awaited())

    def _are_all(self, row: Row) -> bool:
        if self._expected is not None:
            return len(row.parts) >= self._expected
        return any(part.plan.covers for part in row.parts)

    def _awaited(self) -> list[Any]:
        return [key for key, row in self._last.items() if row > self._rows - MEMORY]


def values_of(row: Row, names: tuple[str, ...], *, several: bool) -> dict[str, Any]:
    """Return tag to value of a row; with several optimizers, rates and losses of each as well."""
    values: dict[str, Any] = {}
    losses = [part.loss for part in row.parts if part.loss is not None]
    _put(values, "loss", sum(losses) if losses else None)
    for part in row.parts:
        label = part.plan.label if several else ""
        for group, rate in part.rates.items():
            values[rate_tag(label, group)] = rate
        if several:
            _put(values, f"loss/{label}", part.loss)
        values |= part.extras
    _put(values, "grad_norm", _together([part.grad_norm for part in row.parts]))
    _put(values, "grad_norm_clipped", _clipped(row))
    for prefix in VECTORS:
        found = [part.vectors[prefix] for part in row.parts if prefix in part.vectors]
        if found:
            # With the suffix of vectors: `grad_norm` itself is the global norm.
            values[prefix + SUFFIX] = Vector(names, _spread(found, len(names)))
    return values


def _put(values: dict[str, Any], tag: str, value: Number | None) -> None:
    if value is not None:
        values[tag] = value


def _clipped(row: Row) -> Number | None:
    if all(part.clipped is None for part in row.parts):
        return None
    norms = [part.grad_norm if part.clipped is None else part.clipped for part in row.parts]
    return _together(norms)


def _together(norms: list[Number | None]) -> Number | None:
    known = [norm for norm in norms if norm is not None]
    if len(known) <= 1:
        return known[0] if known else None
    squares = sum(norm * norm for norm in known)
    return squares.sqrt() if isinstance(squares, Tensor) else math.sqrt(squares)


def _spread(found: list[tuple[Any, Numbers]], size: int) -> Numbers:
    """Return all norms at their places among `size`, NaN where there is none."""
    devices = [numbers.device for _, numbers in found if isinstance(numbers, Tensor)]
    if devices:
        return _spread_on(devices[0], found, size)
    spread = np.full(size, np.nan)
    for places, numbers in found:
        spread[places] = numbers
    return spread


def _spread_on(device: torch.device, found: list[tuple[Any, Numbers]], size: int) -> Tensor:
    spread = torch.full((size,), math.nan, device=device)
    for places, numbers in found:
        index = torch.as_tensor(places).to(device, non_blocking=True)
        spread[index] = torch.as_tensor(numbers).to(device, torch.float32, non_blocking=True)
    return spread
