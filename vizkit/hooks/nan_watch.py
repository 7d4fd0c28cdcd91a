"""Logs a finding when a loss or gradients turn not finite: once until they are finite again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_finding import Health, finding_of
from vizkit.hooks.nan_origin import NanOrigin
from vizkit.kinds.finding.finding import TAG, Finding
from vizkit.kinds.scalar.value import Pending, hold, is_remote, is_tensor
from vizkit.kinds.vector.names import SUFFIX
from vizkit.kinds.vector.value import Vector

MOST_FINDINGS = 20
LOOKED_AT = ("loss", "grad_norm", "amp/skipped")
NORMS = "grad_norm" + SUFFIX
SKIPS = 24
"""Steps in a row that a GradScaler may skip while it looks for its scale."""

Log = Callable[[Mapping[str, Finding], int], None]


class NanWatch:
    """Is shown each row before it is logged. `origin`: searches, where that is allowed."""

    def __init__(self, log: Log, guard: Guard, origin: NanOrigin | None) -> None:
        self.origin = origin
        self._guard = guard
        self._healthy: Vector | None = None
        self._log = log
        self._found = 0
        self._is_bad = False
        self._skips = 0

    def row(self, values: dict[str, Any], step: int) -> dict[str, Any]:
        """Return the values to log: those of a device also tell us, once they are read."""
        if self._is_plainly_well(values):
            self._healthy = values.get(NORMS, self._healthy)
            return values
        told = {tag: value for tag, value in values.items() if tag in LOOKED_AT}
        norms = values.get(NORMS)
        if not any(is_tensor(value) and is_remote(value) for value in told.values()):
            self._guard.call("nan finding", self._look, told, norms, step)
            return values
        reading = _Reading(
            told, lambda read: self._guard.call("nan finding", self._look, read, norms, step)
        )
        return {**values, **reading.values}

    def _look(self, values: Mapping[str, Any], norms: Vector | None, step: int) -> None:
        loss, norm = _float(values.get("loss")), _float(values.get("grad_norm"))
        skipped = bool(_float(values.get("amp/skipped")))
        self._skips = self._skips + 1 if skipped else 0
        if skipped and self._skips < SKIPS:
            norm = None
        health = Health(step, loss, norm)
        if health.bad_loss or health.bad_gradients:
            self._find(health, norms)
        elif health.is_known and not skipped:
            self._healthy = norms or self._healthy
            self._end_episode(step)

    def close(self) -> None:
        """Log what was found at a step whose row was not logged."""
        if self.origin is not None:
            if self.origin.step is not None and not self._is_bad:
                self._guard.call("nan finding", self._find, Health(self.origin.step), None)
            self.origin.remove()

    def _is_plainly_well(self, values: Mapping[str, Any]) -> bool:
        """Tell, in a microsecond, whether all is well and was so before: most rows are such."""
        loss, norm = values.get("loss"), values.get("grad_norm")
        is_calm = not self._is_bad and (self.origin is None or self.origin.is_searching)
        are_finite = type(loss) is type(norm) is float and math.isfinite(loss + norm)
        return is_calm and are_finite and not self._skips and "amp/skipped" not in values

    def _end_episode(self, step: int) -> None:
        """Be ready for the next time; readers of a device lag behind, and tell of earlier steps."""
        origin = self.origin
        if origin is not None and not origin.is_searching:
            if origin.step is None or step <= origin.step:
                return
            if not self._is_bad:
                self._find(Health(origin.step), None)
            if self._found < MOST_FINDINGS:
                origin.forget()
        self._is_bad = False

    def _find(self, health: Health, norms: Vector | None) -> None:
        if self._is_bad or self._found >= MOST_FINDINGS:
            return
        self._is_bad = True
        self._found += 1
        whole = Health(health.step, health.loss, health.grad_norm, self._norms(norms))
        cause = None if self.origin is None else self.origin.cause
        notes = () if self.origin is None else tuple(self.origin.notes)
        self._log({TAG: finding_of(whole, cause, notes)}, health.step)

    def _norms(self, norms: Vector | None) -> list[tuple[str, float]]:
        """Return the norms by parameter, without those that had no gradient when all was well."""
        healthy = {} if self._healthy is None else dict(_pairs(self._healthy))
        found = [] if norms is None else _pairs(norms)
        return [(name, norm) for name, norm in found if not math.isnan(healthy.get(name, 0.0))]


def _pairs(norms: Vector) -> list[tuple[str, float]]:
    return list(zip(norms.names, norms.array().tolist(), strict=True))


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


@dataclass(frozen=True)
class Told(Pending):
    """A value that tells what it is as soon as anybody reads it."""

    tell: Callable[[float], None] = lambda _: None

    def read(self) -> Any:
        """Wait for the device, tell and return the tensor on the CPU."""
        tensor = super().read()
        self.tell(float(tensor.item()))
        return tensor


class _Reading:
    """Values of a device that tell, on the thread that reads them, when all are read."""

    def __init__(self, values: Mapping[str, Any], told: Callable[[dict[str, Any]], None]) -> None:
        self._told = told
        self._read: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        for tag, value in values.items():
            if is_tensor(value) and is_remote(value):
                held = hold(value)
                self.values[tag] = Told(held.tensor, held.ready, partial(self._take, tag))
            else:
                self._read[tag] = value
        self._missing = len(self.values)

    def _take(self, tag: str, value: Any) -> None:
        self._read[tag] = float(value)
        self._missing -= 1
        if not self._missing:
            self._told(self._read)
