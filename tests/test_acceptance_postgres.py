"""An index in PostgreSQL, kills of servers and of the database: every point exactly once."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

import vizkit
from benchmarks._logs import Shape, write
from tests.servers import Served, assert_all_served, serving
from vizkit.testing import wait_until

KILLS = 20 if os.environ.get("VIZKIT_SLOW") else 1
STEPS = 600


@pytest.fixture
def arguments(postgres):
    return ("--index", postgres.url())


def add_runs(logdir: Path, number: int) -> None:
    """Add one long run and some short ones."""
    write(Shape("long", 1, 1, 30_000), logdir / f"{number}-long")
    write(Shape("short", 6, 5, 100), logdir / f"{number}-short")


@pytest.mark.timeout(600)
def test_a_server_killed_while_it_indexes_has_every_point_once(tmp_path, arguments):
    logdir, cache, moments, shown = tmp_path / "runs", tmp_path / "cache", random.Random(5), 0
    for kill in range(KILLS):
        add_runs(logdir, kill)
        with Served(logdir, cache, arguments) as served:
            wait_until(lambda shown=shown, it=served: it.points() > shown, timeout=60)
            time.sleep(moments.uniform(0, 0.3))
            shown = served.points()
            served.kill()

    with serving(logdir, cache, *arguments) as served:
        assert_all_served(served)
        assert served.ask("problems") == []


def test_when_one_of_two_servers_is_killed_the_other_goes_on(tmp_path, arguments):
    """They share an index while a run is written; the one that began first, and leads, dies."""
    logdir = tmp_path / "runs"
    add_runs(logdir, 0)
    with (
        serving(logdir, tmp_path / "first", *arguments) as leader,
        serving(logdir, tmp_path / "second", *arguments) as other,
    ):
        with vizkit.Run(logdir / "live") as run:
            for step in range(STEPS):
                run.log({"loss": float(step)}, step=step)
                time.sleep(0.002)
                if step == STEPS // 3:
                    wait_until(lambda: len(other.series("live", "loss")[0]) > 10, timeout=30)
                    leader.kill()

        wait_until(lambda: len(other.series("live", "loss")[0]) == STEPS, timeout=30)
        step, value = other.series("live", "loss")
        np.testing.assert_array_equal(step, np.arange(STEPS))
        np.testing.assert_array_equal(value, np.arange(STEPS))
        for name in ("0-long/run", "0-short/run0003"):
            assert len(other.ask("tags", run=name)) in (1, 5)


def test_a_database_that_stops_while_a_server_indexes_makes_nothing_twice(
    tmp_path, arguments, postgres
):
    logdir = tmp_path / "runs"
    add_runs(logdir, 0)
    with serving(logdir, tmp_path / "cache", *arguments) as served:
        wait_until(lambda: served.points() > 0, timeout=30)
        postgres.stop()
        try:
            add_runs(logdir, 1)
            time.sleep(1)  # as long as it is away, nothing tells that the server has tried
        finally:
            postgres.start()

        assert_all_served(served)
    with serving(logdir, tmp_path / "cache", *arguments) as served:
        assert_all_served(served)
