"""Two servers on the same files: `vizkit serve` and `tensorboard`, and what they serve."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any
from urllib.parse import urlencode

from _memory import Memory

from vizkit.testing import free_port

PATIENCE = 600
NO_HEAD: Mapping[str, str] = MappingProxyType({})


class Stopped(Exception):
    """A server did not get there within its time or memory, or ended; the text says which."""


@dataclass(frozen=True)
class Served:
    """How many points an answer holds or stands for, the last step of them, and its size."""

    points: int
    last_step: int
    answer_bytes: int


class Server:
    """A server in a process of its own; `started` is the time before the process was."""

    def __init__(
        self, command: Sequence[str], port: int, *, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.started = time.perf_counter()
        self.said = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=self.said,
            env={**os.environ, **(environment or {})},
        )
        self.memory = Memory(self.process.pid)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.port}"

    def age(self) -> float:
        """Return seconds since the process was started."""
        return time.perf_counter() - self.started

    def get(self, path: str, **query: object) -> bytes:
        """Return the body of an answer.

        Raises:
            OSError: if nothing answers, or with another status than 200.
        """
        return self._request("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path: str, **form: object) -> bytes:
        """Send a form, with lists as repeated fields, and return the body of the answer."""
        head = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._request("POST", path, urlencode(form, doseq=True), head)

    def _request(
        self, method: str, path: str, body: str | None = None, head: Mapping[str, str] = NO_HEAD
    ) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(head))
            answer = connection.getresponse()
            told = answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{path}: HTTP {answer.status}")
        return told

    def wait(self, done: Callable[[], Any], seconds: float, memory_mb: float) -> float:
        """Ask until `done`; return the age of the server then.

        Raises:
            Stopped: if that takes too long or too much memory, or the server ended.
        """
        while not self._asked(done):
            if self.process.poll() is not None:
                raise Stopped(f"ended with status {self.process.returncode}: {self._last_words()}")
            if self.age() > seconds:
                raise Stopped(f"not within {seconds:.0f} s")
            if self.memory.now_mb() > memory_mb:
                raise Stopped(f"more than {memory_mb:.0f} MB after {self.age():.0f} s")
            time.sleep(0.02)
        return self.age()

    def _last_words(self) -> str:
        self.said.seek(0)
        return self.said.read().decode(errors="replace").strip().rpartition("\n")[2]

    def _asked(self, done: Callable[[], Any]) -> Any:
        try:
            return done()
        except OSError:
            return False

    def stop(self) -> None:
        """End it and what it started."""
        children = self.memory.processes()
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for child in children:
            if child.is_running():
                child.kill()
        self.memory.stop()
        self.said.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def end_servers_with_us() -> None:
    """Let SIGTERM end this process as an exception does, so that no server is left running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))


class Vizkit(Server):
    """`vizkit serve`, with its index below `cache`."""

    name = "vizkit"
    alive = "/healthz"

    def __init__(self, logdir: Path, cache: Path, *more: str) -> None:
        port = free_port()
        command = [str(Path(sys.executable).with_name("vizkit")), "serve", str(logdir)]
        arguments = ["--port", str(port), "--no-browser", *more]
        super().__init__([*command, *arguments], port, environment={"VIZKIT_CACHE": str(cache)})

    def points(self) -> int:
        """Return how many points all runs have."""
        return sum(run["points"] for run in json.loads(self.get("/api/v1/runs", tags=0)))

    def read(self, run: str, tag: str) -> Served:
        """Read what the page reads for a chart: 2,000 points that stand for all."""
        body = self.get("/api/v1/series", run=run, tag=tag)
        answer = json.loads(body)
        last = answer["step"][-1] if answer["step"] else -1
        return Served(answer["points"], last, len(body))

    def read_many(self, tag: str, runs: Sequence[str]) -> dict[str, Served]:
        """Read the same for several runs."""
        return {run: self.read(run, tag) for run in runs}


class TensorBoard(Server):
    """`tensorboard`; `samples` points of each series instead of its default of 1,000."""

    alive = "/data/environment"

    def __init__(self, logdir: Path, samples: int | None = None) -> None:
        port = free_port()
        command = [str(Path(sys.executable).with_name("tensorboard")), "--logdir", str(logdir)]
        arguments = ["--host", "127.0.0.1", "--port", str(port)]
        if samples is not None:  # 0, said to mean all, gives none: tensorboard 2.21
            arguments += ["--samples_per_plugin", f"scalars={samples}"]
        self.name = "tensorboard" if samples is None else "tensorboard, all points"
        super().__init__([*command, *arguments], port)

    def read(self, run: str, tag: str) -> Served:
        """Read all points that it has kept."""
        body = self.get("/data/plugin/scalars/scalars", run=run, tag=tag)
        return _served(json.loads(body), len(body))

    def read_many(self, tag: str, runs: Sequence[str]) -> dict[str, Served]:
        """Read what its page reads for a chart of several runs, those it has."""
        body = self.post("/data/plugin/scalars/scalars_multirun", tag=tag, runs=list(runs))
        return {run: _served(rows, len(body)) for run, rows in json.loads(body).items()}


def _served(rows: Sequence[Sequence[float]], size: int) -> Served:
    return Served(len(rows), int(rows[-1][1]) if rows else -1, size)
