"""SIGKILL of the server while it indexes: every point is there afterwards, exactly once."""

import os
import random
import time
from pathlib import Path

import pytest

from benchmarks._logs import Shape, write
from tests.servers import Served, assert_all_served, serving
from vizkit.testing import wait_until

KILLS = 20 if os.environ.get("VIZKIT_SLOW") else 3


@pytest.mark.timeout(600)
def test_a_server_killed_while_it_indexes_has_every_point_once(tmp_path):
    logdir, cache = tmp_path / "runs", tmp_path / "cache"
    moments = random.Random(7)
    shown = 0
    for kill in range(KILLS):
        add_runs(logdir, kill)
        with Served(logdir, cache) as served:
            wait_until(lambda shown=shown, it=served: it.points() > shown, timeout=60)
            time.sleep(moments.uniform(0, 0.3))
            shown = served.points()
            served.kill()

    with serving(logdir, cache) as served:
        assert_all_served(served)

        assert served.said() == ""
        assert served.ask("problems") == []


def add_runs(logdir: Path, number: int) -> None:
    """Add one long run and some short ones."""
    write(Shape("long", 1, 1, 30_000), logdir / f"{number}-long")
    write(Shape("short", 6, 5, 100), logdir / f"{number}-short")
