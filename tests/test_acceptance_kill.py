"""SIGKILL of a training: nothing older than 100 ms is lost, and a restart goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest

import vizkit
from tests.noted_demo import NOTE, PULSE, PULSE_SECONDS
from vizkit.demo.checkpoint import load
from vizkit.demo.viewer import Viewer, vizkit_command
from vizkit.testing import free_port, wait_until

KILLS = 20 if os.environ.get("VIZKIT_SLOW") else 3
FLUSH_SECONDS = 0.1
RUN = "digits-cnn"
TRAINER = [sys.executable, "-m", "tests.noted_demo"]
ROOT = Path(__file__).parents[1]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    """One folder for all kills: each training goes on where the one before was killed."""
    return tmp_path_factory.mktemp("killed") / "runs"


@pytest.fixture(scope="module")
def viewer(logdir):
    """One viewer that sees all of them die; gives its address."""
    logdir.mkdir()
    with Viewer(logdir, port=free_port(), browser=False) as viewer:
        yield viewer.wait_until_ready()


@dataclass(frozen=True)
class Killed:
    """What a killed training had noted: when each step was logged, and the beats of its pulse."""

    at: float
    logged: dict[int, float]
    pulse: list[float]

    def waited(self) -> float:
        """Return how long the machine let the process wait in its last second, seconds."""
        beats = [beat for beat in self.pulse if beat > self.at - 1] + [self.at]
        return max(b - a for a, b in pairwise(beats)) - PULSE_SECONDS if beats[1:] else 0.0

    def due(self) -> list[int]:
        """Return the steps that must be in the file."""
        latest = self.at - FLUSH_SECONDS - self.waited()
        return [step for step, logged in self.logged.items() if logged < latest]


def train_and_kill(logdir: Path, notes: Path, moment: float) -> Killed:
    """Train until `moment` seconds after the first step, then SIGKILL."""
    with subprocess.Popen([*TRAINER, logdir, notes], cwd=ROOT, env=ONE_THREAD) as trainer:
        wait_until(lambda: trainer.poll() is not None or steps(notes), timeout=60, every=0.05)
        time.sleep(moment)
        killed = time.time()
        trainer.kill()
    assert trainer.returncode == -signal.SIGKILL
    pulse = [at for step, at in read_notes(notes) if step == PULSE]
    return Killed(killed, steps(notes), pulse)


def read_notes(notes: Path) -> list[tuple[int, float]]:
    """Return (step, seconds) in order; a torn last note is left out."""
    data = notes.read_bytes() if notes.exists() else b""
    return list(NOTE.iter_unpack(data[: len(data) // NOTE.size * NOTE.size]))


def steps(notes: Path) -> dict[int, float]:
    """Return when each step had been logged, seconds."""
    return {step: at for step, at in read_notes(notes) if step != PULSE}


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_training_loses_a_tenth_of_a_second_at_most(logdir, viewer, tmp_path, kill):
    before = load(logdir / RUN)

    killed = train_and_kill(logdir, tmp_path / "notes", random.Random(kill).uniform(0.2, 1.5))

    due = killed.due()
    run = vizkit.open_logdir(logdir)
    for tag in ("loss", "lr"):
        missing = np.setdiff1d(due, run.series(RUN, tag).step)
        assert missing.size == 0, f"{tag}: {missing.size} of {len(due)} points, {missing[:5]}"
    assert min(killed.logged) == (before.step if before else 0)
    assert [path.name for path in logdir.iterdir()] == [RUN]
    wait_until(lambda: last_step(viewer) >= max(due, default=0), timeout=20)


def last_step(viewer: str) -> int:
    """Return how far the viewer has seen the run."""
    (run,) = httpx.get(f"{viewer}api/v1/runs?tags=0").json()
    return run["last_step"] or 0


def test_a_killed_demo_is_continued_by_the_same_command(tmp_path):
    command = [*vizkit_command(), "demo", "--no-serve", "--logdir", str(tmp_path), "--epochs", "8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ONE_THREAD) as demo:
        wait_until(lambda: epoch(tmp_path / RUN) >= 2, timeout=60)
        demo.kill()
    killed_at = load(tmp_path / RUN).step

    done = subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD, timeout=120)

    assert f"Going on with {RUN} at step {killed_at:,} of 720" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [RUN]
    run = vizkit.open_logdir(tmp_path)
    assert run.runs()[0].status == "finished"
    assert set(run.series(RUN, "loss").step) == set(range(720))


def epoch(folder: Path) -> int:
    """Return how many epochs the run in `folder` has done."""
    checkpoint = load(folder)
    return checkpoint.epoch if checkpoint else -1
