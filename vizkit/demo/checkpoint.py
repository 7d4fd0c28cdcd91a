"""Where a demo run stands: one file in its folder, so that a killed training goes on from there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import psutil
import torch

FILE = "checkpoint.pt"


@dataclass(frozen=True)
class Owner:
    """The process that trains a run; both numbers together are unique on a host."""

    pid: int
    started: float

    @classmethod
    def this_process(cls) -> Owner:
        """Return the caller's own."""
        return cls(os.getpid(), psutil.Process().create_time())

    def lives(self) -> bool:
        """Tell whether that very process is still there."""
        try:
            # a clock that was set meanwhile moves what psutil computes
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) < 2)
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class Checkpoint:
    """A training at the end of an epoch; `epoch` and `step` count what is done."""

    epoch: int
    epochs: int
    step: int
    owner: Owner
    states: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Tell whether every planned epoch is done."""
        return self.epoch >= self.epochs

    def save(self, folder: Path) -> None:
        """Write it into `folder`: whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{FILE}.{os.getpid()}.tmp"
        torch.save(asdict(self), draft)
        draft.replace(folder / FILE)


def load(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in `folder`, None where there is none."""
    try:
        record = torch.load(folder / FILE, weights_only=True)
    except FileNotFoundError:
        return None
    return Checkpoint(**{**record, "owner": Owner(**record["owner"])})


def choose_name(logdir: Path, name: str, *, epochs: int, resume: bool = True) -> str:
    """Return the first of NAME, NAME-2, NAME-3, ... that is free or waits to be continued."""
    return next(one for one in _names(name) if _is_free(logdir / one, epochs, resume))


def last_name(logdir: Path, name: str) -> str | None:
    """Return the one of NAME, NAME-2, ... that was trained last, None if there is none."""
    there = takewhile(lambda one: (logdir / one / FILE).exists(), _names(name))
    return max(there, key=lambda one: (logdir / one / FILE).stat().st_mtime, default=None)


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{n}" for n in count(2))


def _is_free(folder: Path, epochs: int, resume: bool) -> bool:
    if not folder.exists():
        return True
    left = load(folder) if resume else None
    if left is None:
        return False
    return not left.finished and left.epochs == epochs and not left.owner.lives()
