"""Several who look at once, and a live run beside a large one: all see every point, and soon."""

import os
import shutil
import time

import numpy as np

import vizkit
from benchmarks._logs import Shape, write
from tests.servers import Served, serving
from vizkit.testing import make_run, wait_until

SLOW = bool(os.environ.get("VIZKIT_SLOW"))
BACKLOG = 10_000_000 if SLOW else 4_000_000
STEPS = 20_000 if SLOW else 1_500
LIVE_SECONDS = 0.5
TAGS = ("loss", "lr", "val/loss")


def test_a_writer_and_three_readers_at_once_agree(tmp_path):
    """Two servers share an index, a third has its own, and Python reads the files."""
    logdir = tmp_path / "runs"
    logdir.mkdir()
    with (
        serving(logdir, tmp_path / "shared") as first,
        serving(logdir, tmp_path / "shared") as second,
        serving(logdir, tmp_path / "own") as third,
    ):
        servers, reader = (first, second, third), vizkit.open_logdir(logdir)
        with vizkit.Run(logdir / "live") as run:
            for step in range(STEPS):
                run.log({tag: step / (k + 1) for k, tag in enumerate(TAGS)}, step=step)
                if step % 300 == 0:
                    seen = [last_step(server) for server in servers]
                    assert max(seen) <= step
                    assert len(reader.runs()) == 1

        for server in servers:
            server.wait_for(STEPS * len(TAGS))
            for k, tag in enumerate(TAGS):
                check(tag, k, server.series("live", tag))
        for k, tag in enumerate(TAGS):
            series = reader.series("live", tag)
            check(tag, k, (series.step, series.value))


def check(tag: str, k: int, points) -> None:
    """Compare a series with what was logged."""
    step, value = points
    np.testing.assert_array_equal(step, np.arange(STEPS), tag)
    np.testing.assert_array_equal(value, np.arange(STEPS) / (k + 1), tag)


def last_step(server: Served) -> int:
    runs = server.ask("runs", tags=0)
    return max((run["last_step"] or 0 for run in runs), default=0)


def test_a_deleted_run_disappears(tmp_path):
    for name in ("kept", "gone"):
        make_run(tmp_path / "runs" / name, {"loss": [(0, 1.0)]})

    with serving(tmp_path / "runs", tmp_path / "cache") as served:
        wait_until(lambda: names(served) == ["gone", "kept"])
        shutil.rmtree(tmp_path / "runs/gone")
        wait_until(lambda: names(served) == ["kept"])
        answer = served.http.get("/api/v1/series", params={"run": "gone", "tag": "loss"})

        assert answer.status_code == 404
        assert "gone" in answer.json()["error"]


def names(served: Served) -> list[str]:
    return sorted(run["run"] for run in served.ask("runs", tags=0))


def test_a_live_run_is_served_at_once_while_a_large_one_is_indexed(tmp_path):
    logdir, delays = tmp_path / "runs", []
    write(Shape("large", 1, 1, BACKLOG), logdir / "large")
    with vizkit.Run(logdir / "live") as run:
        run.log({"loss": 0.0}, step=0)
        with serving(logdir, tmp_path / "cache") as served:
            wait_until(lambda: "live" in names(served), every=0.005)
            for step in range(1, 6):
                run.log({"loss": 0.0}, step=step)
                delay = wait_for_step(served, "live", step)
                delays += [delay] * (indexed(served) < BACKLOG)

            served.wait_for(BACKLOG + 6)

    assert len(delays) >= 2, "the backlog was indexed too soon to tell anything; make it longer"
    assert max(delays) < LIVE_SECONDS


def indexed(served: Served) -> int:
    return sum(run["points"] for run in served.ask("runs", tags=0) if "large" in run["run"])


def wait_for_step(served: Served, run: str, step: int) -> float:
    """Return the seconds until the last step of a run is served."""
    begun = time.monotonic()
    wait_until(lambda: (served.ask("series", run=run, tag="loss")["step"] or [0])[-1] >= step)
    return time.monotonic() - begun
