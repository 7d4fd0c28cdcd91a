import os
import socket
import subprocess
import sys
import time

import pytest

from vizkit.events.status import process_alive, status


@pytest.mark.parametrize(
    ("said", "silence", "alive", "expected"),
    [
        ("finished", 0, True, "finished"),
        ("failed", 9e9, None, "failed"),
        ("running", 5, None, "running"),
        ("running", 31, True, "stalled"),
        ("running", 5, False, "stalled"),
        (None, 5, None, "running"),
        (None, 61, None, "finished"),
    ],
)
def test_how_a_run_is_doing(said, silence, alive, expected):
    assert status(said, 1000.0, 1000.0 + silence, writer_alive=alive) == expected


def test_a_run_that_was_never_heard_of_is_not_running():
    assert status("running", None, 1000.0) == "stalled"


def test_this_process_is_alive():
    assert process_alive(socket.gethostname(), os.getpid(), time.time()) is True


def test_a_process_that_is_gone_is_not_alive():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert process_alive(socket.gethostname(), gone.pid, time.time()) is False


def test_another_process_with_its_number_is_not_the_writer():
    assert process_alive(socket.gethostname(), os.getpid(), 1000.0) is False


def test_processes_elsewhere_are_unknown():
    assert process_alive("another-host", os.getpid(), time.time()) is None
