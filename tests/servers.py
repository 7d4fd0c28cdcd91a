"""A real `vizkit serve` that tests ask, kill and start again, and what its answers must be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from tests.vizkit.records import event_files, events
from vizkit.testing import free_port, wait_until

Points = dict[tuple[str, str], tuple[NDArray[Any], NDArray[Any]]]
ALL = 1_000_000


@dataclass
class Served:
    """A server over a LOGDIR with its index below `cache`; ends with the block, or by `kill`."""

    logdir: Path
    cache: Path
    arguments: Sequence[str] = ()
    prefix: Sequence[str] = ()
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Served:
        self.log = self.cache.parent / f"{self.cache.name}-{self.port}.log"
        command = [*self.prefix, sys.executable, "-m", "vizkit", "serve", str(self.logdir)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--no-browser", *self.arguments],
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "VIZKIT_CACHE": str(self.cache)},
            )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        """Return what it wrote to the terminal."""
        return self.log.read_text()

    def ask(self, path: str, **query: Any) -> Any:
        """Return an answer of the API, None while nothing answers; fail on any error it tells."""
        assert self.process.poll() is None, self.said()
        try:
            answer = self.http.get(f"/api/v1/{path}", params=query)
        except httpx.TransportError:
            return None
        return answer.raise_for_status().json()

    def points(self) -> int:
        """Return how many points it has of all runs; 0 while nothing answers."""
        return sum(run["points"] for run in self.ask("runs", tags=0) or ())

    def wait_for(self, points: int, timeout: float = 60) -> None:
        """Wait until it has exactly so many."""
        wait_until(lambda: self.points() == points, timeout=timeout)

    def series(self, run: str, tag: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return steps and values of all points of a series of up to a million."""
        answer = self.ask("series", run=run, tag=tag, max_points=ALL)
        assert answer["exact"]
        return np.array(answer["step"]), np.array(answer["value"], float)

    def problems(self) -> str:
        """Return all messages about files, one a line."""
        found = self.ask("problems") or ()
        return "\n".join(f"{problem['path']}: {problem['message']}" for problem in found)

    def peak_mb(self) -> float:
        """Return the most memory that it and those it started ever had, and have not given up."""
        tree = [self.process.pid, *children(self.process.pid)]
        return sum(status(pid, "VmHWM") for pid in tree) / 1024


@contextmanager
def serving(logdir: Path, cache: Path, *arguments: str) -> Iterator[Served]:
    """Serve a LOGDIR until the block ends, once the API answers."""
    with Served(logdir, cache, arguments) as served:
        wait_until(lambda: served.ask("runs", tags=0) is not None, timeout=60)
        yield served


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *children(child)]
    return found


def status(pid: int, name: str) -> int:
    """Return a line of /proc/PID/status, kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def decoded(logdir: Path) -> Points:
    """Return steps and values of every series, read by TensorBoard's own protos."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for folder in sorted({path.parent for path in event_files(logdir)}):
        run = folder.relative_to(logdir).as_posix()
        for event in events(folder):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    point = (event.step, value.simple_value)
                    found.setdefault((run, value.tag), []).append(point)
    columns = {key: np.array(points, np.float64).T for key, points in found.items()}
    return {key: (rows[0], rows[1]) for key, rows in columns.items()}


def assert_served(served: Served, expected: Points) -> None:
    """Every series is there, with every point exactly once and in order."""
    for (run, tag), (step, value) in expected.items():
        steps, values = served.series(run, tag)
        np.testing.assert_array_equal(steps, step, f"{run} {tag}")
        np.testing.assert_array_equal(values, value, f"{run} {tag}")
    runs = {run for run, _ in expected}
    assert {run["run"] for run in served.ask("runs", tags=0)} == runs
    for run in runs:
        shown = {row["tag"]: row["points"] for row in served.ask("tags", run=run)}
        assert shown == {t: len(step) for (r, t), (step, _) in expected.items() if r == run}


def assert_all_served(served: Served) -> None:
    """Wait until all points of the event files are counted, and compare each."""
    expected = decoded(served.logdir)
    served.wait_for(sum(len(step) for step, _ in expected.values()))
    assert_served(served, expected)
