"""Which run a watched training logs into, under which name and from which step on."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vizkit.environment import rank_of_process
from vizkit.hooks.silent_run import SilentRun, rank
from vizkit.hooks.subject import Subject
from vizkit.run import Run


def open_run(
    folder: Path, config: Mapping[str, Any] | None, start_step: int, total_steps: int | None
) -> Run | SilentRun:
    """Return a new run, a silent one in all processes of a distributed training but the first."""
    here = rank() or rank_of_process() or 0
    if here:
        return SilentRun(folder, start_step)
    return Run(folder, config=config, start_step=start_step, total_steps=total_steps)


def first_step_of(run: Run | None, start_step: int | None) -> int:
    """Return the step to begin with: the one asked for, or where the run goes on."""
    if start_step is not None:
        return start_step
    if run is None:
        return 0
    return run.start_step if run.last_step is None else run.last_step + 1


def name_of(subject: Subject) -> str:
    """Return a name for a run that got none: what is watched, when, and by which process."""
    return f"{subject.title}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def as_list(optimizer: Any) -> list[Any]:
    """Return one, several or no optimizers as a list."""
    if optimizer is None:
        return []
    return list(optimizer) if isinstance(optimizer, (list, tuple)) else [optimizer]
