"""A run: log values of steps into its folder, from any thread, without waiting."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from os import PathLike
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any

from vizkit import lifetime
from vizkit.environment import command_line, rank_of_process
from vizkit.errors import strict, warn_once
from vizkit.events.encode import Item
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.module_graph import ModuleGraph
from vizkit.kinds.graph.versions import Stretch, Version
from vizkit.kinds.runinfo.record import End
from vizkit.kinds.scalar.value import Pending, to_float
from vizkit.kinds.vector.value import Vector
from vizkit.writer import BURST, Opening, Writer


class Run:
    """Writes one run into `folder`, as an event file that TensorBoard reads too.

    `config`: a mapping, dataclass or namespace, shown as hyperparameters. `start_step`: the first
    step, where a restarted training goes on. `rank`: of a distributed training, RANK by default.
    As a context manager, an exception makes the run "failed".

    Raises:
        RunFolderError: if the folder cannot be written; nothing after that raises.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        config: Any = None,
        start_step: int = 0,
        total_steps: int | None = None,
        rank: int | None = None,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.name = self.folder.name
        self.last_step: int | None = None
        self.start_step = start_step
        self._closed = ""
        opening = Opening(
            name=self.name,
            config=as_mapping(config),
            command=command_line(),
            start_step=start_step,
            total_steps=total_steps,
            rank=rank_of_process() if rank is None else rank,
            started=time(),
        )
        self._writer = Writer(self.folder, opening)
        self._entries = self._writer.entries
        lifetime.opened(self)

    def log(
        self, values: Mapping[str, Any], step: int | None = None, wall_time: float | None = None
    ) -> None:
        """Log the values of one step; returns at once, the file follows within 100 ms.

        `values`: tag to number, NumPy scalar, tensor of one element, `Vector` or `Graph`.
        `step`: an int64, by default the one after the last; `wall_time`: seconds, by default now.
        What is not a number is left out with a warning.
        """
        try:
            if self._closed:
                self._refuse()
                return
            items = dict(values)
            for value in items.values():
                if type(value) is not float:
                    items = freeze(items)
                    break
            if type(step) is not int:
                step = self._as_step(step)
            self.last_step = step
            self._entries.append((step, time() if wall_time is None else float(wall_time), items))
            if len(self._entries) > BURST:
                self._hurry()
        except Exception as error:
            if strict():
                raise
            warn_once(
                f"log {type(error)}", f"log({values!r:.200}) is left out: {error!r}", stacklevel=3
            )

    def log_frozen(self, step: int, wall_time: float, items: Mapping[str, Item]) -> None:
        """Log values that nobody changes any more: floats, `Pending`s and frozen `Vector`s."""
        if self._closed:
            self._refuse()
            return
        self.last_step = step
        self._entries.append((step, wall_time, items))
        if len(self._entries) > BURST:
            self._hurry()

    def flush(self) -> bool:
        """Wait until all that was logged is written; False if the disk or the time ran out."""
        return not self._closed and self._writer.flush()

    def close(self, status: str = "finished", error: str | None = None) -> None:
        """Write all and end the run as "finished" or "failed"; closing twice is fine."""
        if self._closed:
            return
        self._closed = "closed"
        if not self._writer.close(End(status, error)):
            warn_once(f"close {self.folder}", f"The run was not written in time: {self.folder}")
        lifetime.closed(self)

    def leave_to_parent(self) -> None:
        """Take no more logs in a forked child: the file is the parent's."""
        self._closed = "forked"
        self._writer.forget()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.close("failed", lifetime.describe(error))

    def _as_step(self, step: Any) -> int:
        if step is None:
            return self.start_step if self.last_step is None else self.last_step + 1
        if isinstance(step, float) or (hasattr(step, "dtype") and not _is_index(step)):
            return self._rounded(float(step))
        return operator.index(step)

    def _rounded(self, step: float) -> int:
        if not step.is_integer():
            warn_once(
                "fractional step",
                f"Step {step!r} is no integer; it is cut to {int(step)}.",
                stacklevel=5,
            )
        return int(step)

    def _refuse(self) -> None:
        if self._closed == "forked":
            warn_once(
                "log forked",
                f"A forked process cannot log to its parent's run {self.name}.",
                stacklevel=4,
            )
        else:
            warn_once(
                "log closed",
                f"Run {self.name!r} is closed; what is logged now is left out.",
                stacklevel=4,
            )

    def _hurry(self) -> None:
        if not self._writer.hurry():
            self._entries.pop()
            warn_once("log full", "The disk hangs: logs are left out until it goes on.")


_FROZEN = (ModuleGraph, Version, Stretch, Graph, Finding, Pending)


def freeze(values: Mapping[str, Any]) -> dict[str, Item]:
    """Return what later changes of `values` and its tensors do not reach, without waiting.

    What is not a number is left out with a warning.
    """
    items: dict[str, Item] = {}
    for tag, value in values.items():
        try:
            items[tag] = _freeze_one(value)
        except Exception as error:
            if strict():
                raise
            warn_once(f"value {tag!r:.1000}", f"{tag!r:.100} is left out: {error}", stacklevel=4)
    return items


def _freeze_one(value: Any) -> Item:
    if isinstance(value, Vector):
        return value.frozen()
    if isinstance(value, _FROZEN):
        return value
    return to_float(value)


def as_mapping(config: Any) -> Mapping[str, Any]:
    """Return a config as a mapping: a mapping, a dataclass, a namespace, or None."""
    if config is None:
        return {}
    if isinstance(config, Mapping):
        return dict(config)
    if is_dataclass(config) and not isinstance(config, type):
        return asdict(config)
    if hasattr(config, "__dict__"):
        return dict(vars(config))
    return {"config": config}


def _is_index(step: Any) -> bool:
    return getattr(step.dtype, "kind", "i") in "iub"
