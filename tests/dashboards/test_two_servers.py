"""Several servers on one index: one reads the event files, the others show what it committed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.state import ViewerState
from tests.postgres import PostgresServer
from vizkit.errors import IndexUnavailableError, RunNotFoundError, TagNotFoundError
from vizkit.index import Index
from vizkit.run import Run
from vizkit.testing import make_run, wait_until

SERVER = """
import json, sys
from dashboards.state import ViewerState

state = ViewerState.open(sys.argv[1], sys.argv[2] or None)
print(json.dumps(state.index.leads), flush=True)
for line in sys.stdin:
    known = state.index.runs()
    values = state.index.read("live", "loss").value.tolist() if known else []
    print(json.dumps({"leads": state.index.leads, "values": values}), flush=True)
"""


class Server:
    """A server in a process of its own, to be killed and stopped."""

    def __init__(self, logdir: Path, url: str | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SERVER, str(logdir), url or ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.led_at_first = json.loads(self._line())

    def ask(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def close(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


class Training:
    """A run that logs 0, 1, 2, ... until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.logged = 0
        self._run = Run(folder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._log)
        self._thread.start()

    def _log(self) -> None:
        while not self._stop.wait(0.002):
            self._run.log({"loss": float(self.logged)}, step=self.logged)
            self.logged += 1

    def stop(self) -> list[float]:
        """End it; returns everything it logged."""
        self._stop.set()
        self._thread.join()
        self._run.close()
        return [float(n) for n in range(self.logged)]


@pytest.fixture(params=["sqlite file", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite file":
        return None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url()


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    running = Training(tmp_path / "live")
    yield running
    running.stop()


def values(index: Index) -> list[float]:
    try:
        found: list[float] = index.read("live", "loss").value.tolist()
    except (RunNotFoundError, TagNotFoundError):
        return []
    return found


def grows(index: Index, seconds: float = 20) -> None:
    before = len(values(index))
    wait_until(lambda: len(values(index)) > before, timeout=seconds)


def test_the_second_shows_what_the_first_reads(
    tmp_path: Path, url: str | None, training: Training
) -> None:
    first = Server(tmp_path, url)
    second = ViewerState.open(tmp_path, url)
    told: list[tuple[str, str]] = []
    second.listeners.append(told.extend)

    wait_until(lambda: len(values(second.index)) > 100)
    logged = training.stop()
    stopped = time.monotonic()
    wait_until(lambda: values(second.index) == logged)

    assert time.monotonic() - stopped < 3
    assert first.led_at_first
    assert not second.index.leads
    assert ("live", "loss") in told
    second.close()
    first.close()


def test_when_the_first_is_killed_the_second_reads_on(
    tmp_path: Path, url: str | None, training: Training
) -> None:
    first = Server(tmp_path, url)
    second = ViewerState.open(tmp_path, url)
    wait_until(lambda: len(values(second.index)) > 50)

    first.close()

    wait_until(lambda: second.index.leads, timeout=20)
    grows(second.index)
    logged = training.stop()
    wait_until(lambda: values(second.index) == logged)
    second.close()
    with Index.open(tmp_path, url) as index:
        assert values(index) == logged


def test_one_that_stood_still_for_long_writes_no_more(
    tmp_path: Path, postgres: PostgresServer, training: Training
) -> None:
    first = Server(tmp_path, postgres.url())
    second = ViewerState.open(tmp_path, postgres.url())
    wait_until(lambda: len(values(second.index)) > 50)

    first.signal(signal.SIGSTOP)
    wait_until(lambda: second.index.leads, timeout=30)
    grows(second.index)
    first.signal(signal.SIGCONT)

    wait_until(lambda: not first.ask()["leads"], timeout=20)
    grows(second.index)
    logged = training.stop()
    wait_until(lambda: values(second.index) == logged)
    wait_until(lambda: first.ask() == {"leads": False, "values": logged}, timeout=20)
    second.close()
    wait_until(lambda: first.ask() == {"leads": True, "values": logged}, timeout=20)
    first.close()


def test_a_database_that_goes_and_comes_back_loses_nothing(
    tmp_path: Path, postgres: PostgresServer, training: Training, caplog: pytest.LogCaptureFixture
) -> None:
    make_run(tmp_path / "old", {"loss": [(step, 1.0) for step in range(50_000)]})
    state = ViewerState.open(tmp_path, postgres.url())
    wait_until(lambda: state.ingest.wait_settled(0.1) and len(values(state.index)) > 50)
    assert state.index.commit()

    for _ in range(2):
        postgres.stop("immediate")
        grows(state.index)  # what comes in stays in memory
        begun = time.monotonic()
        with pytest.raises(IndexUnavailableError, match="does not answer"):
            state.index.read("old", "loss", 0, 10)
        assert time.monotonic() - begun < 5
        postgres.start()
        wait_until(state.index.commit, timeout=20)

    logged = training.stop()
    wait_until(lambda: values(state.index) == logged)
    assert len(state.index.read("old", "loss")) == 50_000
    assert caplog.text.count("cannot be written") == caplog.text.count("can be written again") <= 2
    state.close()
    with Index.open(tmp_path, postgres.url()) as index:
        assert values(index) == logged
        assert index.runs()[0].points + index.runs()[1].points >= 50_000 + len(logged)
