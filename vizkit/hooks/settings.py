"""What `vizkit.watch` was asked for."""

from __future__ import annotations

from dataclasses import dataclass

from vizkit.errors import UsageError

ALWAYS = "always"


@dataclass(frozen=True)
class Settings:
    """When to collect what; see `vizkit.watch`."""

    every: int = 1
    weights_every: int | None = 50
    start_step: int = 0
    budget: float | None = 0.1
    graph: bool | str = True
    trace_every: int | None = None
    activations_every: int | None = None
    nan_origin: bool = False

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"every={self.every!r} logs nothing; use 1 for each step.")
        for name in ("weights_every", "trace_every", "activations_every"):
            every = getattr(self, name)
            if every is not None and every < 1:
                raise UsageError(f"{name}={every!r}; use None for never.")
        if self.budget is not None and not 0 < self.budget <= 1:
            raise UsageError(f"budget={self.budget!r} is no share of the time; use 0.1 or None.")
        if self.graph not in (True, False, ALWAYS):
            raise UsageError(f"graph={self.graph!r}; use True, False or {ALWAYS!r}.")

    def logs(self, step: int) -> bool:
        """Tell whether a step is logged."""
        return step % self.every == 0

    def weighs(self, step: int) -> bool:
        """Tell whether a step's weights are compared; always so at the first one."""
        if self.weights_every is None or not self.logs(step):
            return False
        return step == self.start_step or step % self.weights_every == 0
