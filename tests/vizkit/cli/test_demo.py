"""`vizkit demo` as a user runs it: in a process, from a terminal."""

import os
import re
import signal
import subprocess

import httpx
import pytest

from vizkit.demo.viewer import vizkit_command
from vizkit.testing import free_port, wait_until


def demo(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """Start `vizkit demo`; its output is a pipe."""
    return subprocess.Popen(
        [*vizkit_command(), "demo", "--no-browser", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **options,
    )


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Return the part of the output that matches, once it is there."""
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found.group()
    raise AssertionError(f"{pattern!r} was not printed")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A logdir with one finished demo of two epochs, and what it printed."""
    logdir = tmp_path_factory.mktemp("runs")
    with demo("--logdir", logdir, "--epochs", 2, "--no-serve") as process:
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    return logdir, output


def test_the_demo_says_how_good_it_got_and_how_to_replay_it(finished):
    logdir, output = finished

    assert re.search(r"Validation accuracy \d\d\.\d\d% after 180 steps", output)
    assert f"vizkit demo --logdir {logdir} --epochs 2 --replay" in output


def test_a_finished_demo_stays_and_the_next_one_gets_a_number(finished):
    logdir, _ = finished

    with demo("--logdir", logdir, "--epochs", 2, "--no-serve") as process:
        process.communicate(timeout=120)

    assert {path.name for path in logdir.iterdir()} == {"digits-cnn", "digits-cnn-2"}


def test_the_dashboard_is_live_while_the_demo_trains_and_ends_with_ctrl_c(tmp_path):
    port = free_port()
    with demo("--logdir", tmp_path, "--port", port) as process:
        address = read_until(process, r"http://\S+")
        read_until(process, "step 0 of")

        def steps() -> int:
            runs = httpx.get(f"{address}api/v1/runs?tags=0").json()
            return runs[0]["last_step"] or 0 if runs else 0

        wait_until(lambda: steps() > 20, timeout=30)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[0]

    assert address == f"http://127.0.0.1:{port}/"
    assert process.returncode == 0
    assert "Stopped at step" in rest
    assert "Traceback" not in rest
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}healthz")


def test_sigterm_ends_the_dashboard_too(tmp_path):
    with demo("--logdir", tmp_path, "--port", free_port()) as process:
        address = read_until(process, r"http://\S+")
        process.terminate()
        output = process.communicate(timeout=20)[0]

    assert process.returncode == 143
    assert "Traceback" not in output
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}healthz")


def test_a_replay_opens_the_finished_run_from_its_start(finished):
    logdir, _ = finished

    with demo("--logdir", logdir, "--port", free_port(), "--replay") as process:
        address = read_until(process, r"http://\S+")
        page = httpx.get(address)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

    assert page.is_success
    assert re.search(r"\?replay=digits-cnn(-2)?&speed=1$", address)
    assert process.returncode == 0


def test_a_replay_without_a_run_says_what_to_do(tmp_path):
    with demo("--logdir", tmp_path, "--replay") as process:
        output = process.communicate(timeout=20)[0]

    assert process.returncode == 2
    assert "Train one first: vizkit demo" in output
