"""A run that writes nothing: the other ranks of a distributed training log the same numbers."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import torch


class SilentRun:
    """Has the methods of `vizkit.Run`; keeps nothing."""

    def __init__(self, folder: Path, start_step: int = 0) -> None:
        self.folder = folder
        self.name = folder.name
        self.start_step = start_step
        self.last_step: int | None = None

    def log(self, values: Any, step: int | None = None, wall_time: float | None = None) -> None:
        """Do nothing."""

    def flush(self) -> bool:
        """Do nothing."""
        return True

    def close(self, status: str = "finished", error: str | None = None) -> None:
        """Do nothing."""

    def __enter__(self) -> SilentRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def rank() -> int:
    """Return this process's rank among those that train together, 0 alone."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank()
    return 0
