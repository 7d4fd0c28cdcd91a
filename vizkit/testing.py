"""What tests of trainings and of vizkit itself share: ports, waiting, small runs on disk."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import forget_warnings
from vizkit.events.encode import Encoder, Item
from vizkit.events.names import event_file_name, is_event_file
from vizkit.events.records import (
    bytes_record,
    hparams_end_record,
    hparams_start_record,
    version_record,
)
from vizkit.kinds.graph.module_graph import TAG as GRAPH_TAG
from vizkit.kinds.graph.module_graph import Edge, ModuleGraph, Node
from vizkit.kinds.runinfo import record as runinfo
from vizkit.kinds.vector.value import Vector

__all__ = ["STARTED", "forget_warnings", "free_port", "make_run", "tiny_run", "wait_until"]

STARTED = 1_700_000_000.0
"""When the runs made here began, seconds."""

TINY_PARAMETERS = tuple(f"fc{n}.{part}" for n in (1, 2, 3) for part in ("weight", "bias"))
TINY_NAN_STEP, TINY_INF_STEP = 60, 61
_SIDES = ((64, 32), (32, 32), (32, 10))

Series = Mapping[str, Iterable[tuple[int, Item]]]


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(predicate: Callable[[], Any], timeout: float = 10.0, every: float = 0.01) -> Any:
    """Call `predicate` until it returns something true, and return that; times in seconds.

    Raises:
        TimeoutError: if it did not within `timeout`.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = predicate()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not within {timeout} s: {predicate}")
        time.sleep(every)


def make_run(
    folder: str | PathLike[str],
    series: Series,
    *,
    config: Mapping[str, Any] | None = None,
    started: float = STARTED,
    seconds_per_step: float = 0.1,
    total_steps: int | None = None,
    status: str | None = "finished",
    error: str | None = None,
) -> Path:
    """Write a run with these points, in order of their steps; return its event file.

    Everything is determined by the arguments, wall times and file name too. `series`: tag to pairs
    of step and value; `status` None leaves the run without an end. A second call adds a file.
    """
    path = _new_file(Path(folder), started)
    logs = _by_step(series)
    start = runinfo.Start(
        config=dict(config or {}),
        environment=_environment(started),
        start_step=logs[0][0] if logs else 0,
        total_steps=total_steps,
    )
    records = [version_record(started), _info(start, started)]
    records.append(hparams_start_record(started, path.parent.name, config or {}))
    entries = [(step, started + seconds_per_step * (step + 1), items) for step, items in logs]
    records += Encoder().encode_all(entries)
    if status is not None:
        ended = entries[-1][1] if entries else started
        records.append(_info(runinfo.End(status, error), ended))
        records.append(hparams_end_record(ended, finished=status == "finished"))
    path.write_bytes(b"".join(records))
    return path


def tiny_run(logdir: str | PathLike[str], name: str = "tiny", *, steps: int = 200) -> Path:
    """Write the run of a small classifier into `logdir/name`; return that folder.

    Holds loss (NaN at step 60, infinite at 61), val/loss and val/accuracy each 10 steps, lr,
    grad_norm and grad_norm_clipped, vectors grad_norm/*, weight_norm/*, update_ratio/* of six
    parameters, perf/step_ms, a module graph and a config. The same at each call.
    """
    folder = Path(logdir) / name
    config = {"model": "mlp", "lr": 0.1, "batch_size": 64, "optimizer": {"name": "sgd"}}
    make_run(folder, _tiny_series(steps), config=config, total_steps=steps)
    return folder


def _tiny_series(steps: int) -> dict[str, list[tuple[int, Item]]]:
    random = np.random.default_rng(7)
    step = np.arange(steps)
    decay = np.exp(-step / (steps / 4))
    loss = 2.3 * decay + 0.05 + 0.03 * random.standard_normal(steps) * decay
    rows = _tiny_gradients(random, decay)
    total = np.sqrt((rows**2).sum(axis=1))
    loss[TINY_NAN_STEP : TINY_NAN_STEP + 1] = math.nan
    loss[TINY_INF_STEP : TINY_INF_STEP + 1] = math.inf
    some = step[9::10]
    return {
        "loss": _points(step, loss),
        "lr": _points(step, 0.05 * (1 + np.cos(np.pi * step / steps))),
        "grad_norm": _points(step, total),
        "grad_norm_clipped": _points(step, np.minimum(total, 1.0)),
        "perf/step_ms": _points(step, 4 + 0.2 * random.standard_normal(steps)),
        "val/loss": _points(some, 2.4 * decay[some] + 0.08),
        "val/accuracy": _points(some, 0.98 - 0.88 * decay[some]),
        "grad_norm/*": _vectors(step, rows),
        "weight_norm/*": _vectors(some, 3 + np.outer(some / steps, np.linspace(0.1, 1, 6))),
        "update_ratio/*": _vectors(some, 1e-3 * (0.5 + rows[some])),
        GRAPH_TAG: [(0, tiny_graph())],
    }


def _tiny_gradients(random: np.random.Generator, decay: NDArray[Any]) -> NDArray[Any]:
    level = np.linspace(0.2, 1.2, len(TINY_PARAMETERS))
    noise = np.exp(0.2 * random.standard_normal((len(decay), len(level))))
    return np.outer(0.1 + decay, level) * noise


def tiny_graph() -> ModuleGraph:
    """Return the module tree of the run that `tiny_run` writes: three layers and two ReLUs."""
    path = ("fc1", "relu1", "fc2", "relu2", "fc3")
    total = sum(rows * columns + columns for rows, columns in _SIDES)
    root = Node("", "MLP", "", "module", "MLP", parameters=total, trainable=total)
    nodes = tuple(_tiny_node(name, order) for order, name in enumerate(path))
    edges = tuple(Edge(a, b) for a, b in zip(path, path[1:], strict=False))
    return ModuleGraph(nodes=(root, *nodes), edges=edges)


def _tiny_node(name: str, order: int) -> Node:
    shape_in, shape_out = (64, _SIDES[order // 2][0]), (64, _SIDES[order // 2][1])
    if name.startswith("relu"):
        shape_in = shape_out
    count = 0 if name.startswith("relu") else shape_in[1] * shape_out[1] + shape_out[1]
    parts = ("weight", "bias") if count else ()
    return Node(
        id=name,
        name=name,
        path=name,
        kind="module",
        op="Linear" if count else "ReLU",
        parameters=count,
        trainable=count,
        parameter_names=tuple(f"{name}.{part}" for part in parts),
        input_shapes=(shape_in,),
        output_shapes=(shape_out,),
        order=order,
        extra=f"in_features={shape_in[1]}, out_features={shape_out[1]}" if count else "",
    )


def _points(steps: NDArray[Any], values: NDArray[Any]) -> list[tuple[int, Item]]:
    return list(zip(steps.tolist(), values.tolist(), strict=True))


def _vectors(steps: NDArray[Any], rows: NDArray[Any]) -> list[tuple[int, Item]]:
    values = rows.astype(np.float32)
    return [(int(s), Vector(TINY_PARAMETERS, v)) for s, v in zip(steps, values, strict=True)]


def _by_step(series: Series) -> list[tuple[int, dict[str, Item]]]:
    """Return the points as `log` calls: what falls on one step, once a tag, goes in one call."""
    pairs = [(step, tag, value) for tag, points in series.items() for step, value in points]
    logs: list[tuple[int, dict[str, Item]]] = []
    for step, tag, value in sorted(pairs, key=lambda pair: pair[0]):
        if not logs or logs[-1][0] != step or tag in logs[-1][1]:
            logs.append((step, {}))
        logs[-1][1][tag] = float(value) if isinstance(value, int) else value
    return logs


def _new_file(folder: Path, started: float) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    files = [each.name for each in folder.iterdir() if is_event_file(each.name)]
    return folder / event_file_name(started, "testhost", 1, len(files))


def _environment(started: float) -> runinfo.Environment:
    return runinfo.Environment(
        command=("python", "train.py"),
        cwd="/home/ada/digits",
        git_commit="0123456789abcdef0123456789abcdef01234567",
        git_dirty=False,
        host="testhost",
        pid=1,
        python="3.11.7",
        versions={"torch": "2.5.0", "vizkit": "0.1.0"},
        started=started,
    )


def _info(info: runinfo.RunInfo, wall_time: float) -> bytes:
    content = runinfo.encode(info)
    return bytes_record(0, wall_time, runinfo.TAG, runinfo.PLUGIN, content)
