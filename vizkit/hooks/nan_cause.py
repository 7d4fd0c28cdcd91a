"""What made the first number that is not finite, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORWARD, BACKWARD, LOSS = "forward", "backward", "loss"

OPERATION, DATA, WEIGHT, BUFFER, ELSEWHERE = "operation", "data", "weight", "buffer", "elsewhere"


@dataclass
class Cause:
    """Where it began.

    sort: an operation, or what came in: data (an argument of the model or the criterion), a weight,
    a buffer, or a tensor from elsewhere, by its `name`. op, path, source, node: the operation, or
    the first to read what came in. inputs: `described` ones. made: "NaN" or "infinity". dtype: of
    the result. samples: rows in the first dimension, of `batch`. spread: paths of modules that it
    reached. parameters: whose gradients it reached. wanted: infinities that the program asked for,
    as masks do.
    """

    sort: str = OPERATION
    phase: str = FORWARD
    name: str = ""
    op: str = ""
    path: str = ""
    source: str = ""
    node: str = ""
    sequence: int = -1
    made: str = "NaN"
    dtype: str = ""
    inputs: list[dict[str, Any]] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    batch: int = 0
    spread: dict[str, None] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    wanted: bool = False
    notes: list[str] = field(default_factory=list)

    def reach(self, path: str) -> None:
        """Note a module that it went to."""
        if path != self.path:
            self.spread[path] = None
