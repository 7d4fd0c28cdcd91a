import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.vizkit.records import event_files, exact_values, last_end, points
from vizkit import Run, lifetime
from vizkit.kinds.runinfo.record import End
from vizkit.testing import wait_until

START = "import os, signal, sys, time, vizkit\nrun = vizkit.Run(sys.argv[1])\n"
LOG = "for step in range(1_000): run.log({'loss': step / 3}, step)\n"
ALL = [step / 3 for step in range(1_000)]
MARGIN_SECONDS = 0.25


def test_a_script_that_just_ends_is_finished(tmp_path):
    _run(START + LOG, tmp_path)

    assert exact_values(tmp_path, "loss") == ALL
    assert last_end(tmp_path) == End("finished")


def test_a_script_that_dies_of_an_exception_is_failed(tmp_path):
    done = _run(START + LOG + "raise ValueError('the loss exploded')", tmp_path)

    assert done.returncode == 1
    assert "ValueError: the loss exploded" in done.stderr
    assert exact_values(tmp_path, "loss") == ALL
    assert last_end(tmp_path) == End("failed", "ValueError: the loss exploded")


def test_sigterm_writes_all_and_still_ends_the_process(tmp_path):
    done = _run(START + LOG + "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", tmp_path)

    assert done.returncode == -signal.SIGTERM
    assert exact_values(tmp_path, "loss") == ALL
    assert last_end(tmp_path) == End("failed", "SIGTERM")


def test_a_handler_of_the_users_own_is_called_and_may_go_on_logging(tmp_path):
    own = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('own'))\n"
    go_on = "os.kill(os.getpid(), signal.SIGTERM)\nrun.log({'saved': 1.0})\n"

    done = _run(own + START + LOG + go_on, tmp_path)

    assert (done.returncode, done.stdout) == (0, "own\n")
    assert exact_values(tmp_path, "saved") == [1.0]
    assert last_end(tmp_path) == End("failed", "SIGTERM")


def test_an_ignored_sigterm_stays_ignored(tmp_path):
    ignore = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    done = _run(ignore + START + "os.kill(os.getpid(), signal.SIGTERM)\n" + LOG, tmp_path)

    assert done.returncode == 0
    assert last_end(tmp_path) == End("finished")


def test_handlers_are_put_back_when_the_last_run_ends(tmp_path):
    before = signal.getsignal(signal.SIGTERM), sys.excepthook
    first, second = Run(tmp_path / "a"), Run(tmp_path / "b")
    assert signal.getsignal(signal.SIGTERM) is not before[0]

    first.close()
    second.close()

    assert (signal.getsignal(signal.SIGTERM), sys.excepthook) == before


def test_ctrl_c_is_left_to_the_user(tmp_path):
    before = signal.getsignal(signal.SIGINT)

    with Run(tmp_path):
        assert signal.getsignal(signal.SIGINT) is before


def test_a_run_may_begin_and_end_in_another_thread(tmp_path):
    def train():
        with Run(tmp_path) as run:
            run.log({"loss": 0.5})

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()

    assert exact_values(tmp_path, "loss") == [0.5]


def test_a_forked_child_never_writes_into_its_parents_run(tmp_path):
    fork = """
run.log({'loss': 1.0})
if os.fork() == 0:
    for _ in range(3): run.log({'loss': 2.0})
    run.close()
    sys.exit(0)
os.wait()
run.log({'loss': 3.0})
"""
    done = _run(START + fork, tmp_path)

    assert exact_values(tmp_path, "loss") == [1.0, 3.0]
    assert len(event_files(tmp_path)) == 1
    assert done.stderr.count("A forked process cannot log") == 1


@pytest.mark.parametrize(
    ("last_line", "end"),
    [
        ("pass", End("finished")),
        ("sys.exit(0)", End("finished")),
        ("1 / 0", End("failed", "ZeroDivisionError: division by zero")),
        ("sys.exit(3)", End("failed", "SystemExit: 3")),
    ],
)
def test_a_child_of_multiprocessing_may_have_a_run_of_its_own(tmp_path, last_line, end):
    code = f"""
import multiprocessing, sys, vizkit
def train(folder):
    run = vizkit.Run(folder + '/child')
    run.log({{'loss': 2.0}})
    {last_line}
parent = vizkit.Run(sys.argv[1] + '/parent')
child = multiprocessing.get_context('fork').Process(target=train, args=(sys.argv[1],))
child.start()
child.join()
"""
    _run(code, tmp_path)

    assert exact_values(tmp_path / "child", "loss") == [2.0]
    assert last_end(tmp_path / "child") == end
    assert last_end(tmp_path / "parent") == End("finished")


@pytest.mark.parametrize("seed", range(3))
def test_after_sigkill_only_the_last_moment_is_missing(tmp_path, seed):
    diary, folder = tmp_path / "diary", tmp_path / "run"
    loop = """
diary = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
import itertools, struct
for step in itertools.count():
    run.log({'loss': step / 3}, step)
    os.write(diary, struct.pack('<d', time.time()))
    time.sleep(0.0005)
"""
    process = subprocess.Popen([sys.executable, "-c", START + loop, folder, diary])
    wait_until(lambda: diary.exists() and diary.stat().st_size > 800)
    time.sleep(random.Random(seed).uniform(0.1, 0.6))
    process.kill()
    killed = time.time()
    process.wait()

    logged = [each for (each,) in struct.iter_unpack("<d", diary.read_bytes())]
    due = sum(moment < killed - 0.1 - MARGIN_SECONDS for moment in logged)
    steps = [point.step for point in points(folder, "loss")]
    assert steps == list(range(len(steps)))
    assert len(steps) >= due
    assert last_end(folder) is None


def test_an_exception_is_described_in_one_line():
    assert lifetime.describe(KeyError("lr")) == "KeyError: 'lr'"
    assert lifetime.describe(KeyboardInterrupt()) == "KeyboardInterrupt"


def _run(code: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    return subprocess.run(
        [sys.executable, "-c", code, folder],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )


FORKING = """
import os, signal, sys, threading, time
import vizkit

sys.setswitchinterval(1e-6)  # so that forks fall into every moment of a run's start
children, stop = [], threading.Event()

def fork_workers():
    while not stop.is_set() and len(children) < 300:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)

forker = threading.Thread(target=fork_workers)
forker.start()
try:
    slowest = 0.0
    for k in range(12):
        run = vizkit.Run(f"{sys.argv[1]}/{k}")
        run.log({"loss": 1.0})
        began = time.monotonic()
        run.close()
        slowest = max(slowest, time.monotonic() - began)
    print(slowest)
finally:
    stop.set()
    forker.join()
    for child in children:
        os.kill(child, signal.SIGKILL)
"""


def test_workers_forked_while_a_run_starts_do_not_hold_it_up(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(tmp_path)], capture_output=True, text=True, timeout=120
    )

    assert done.stderr == ""
    assert float(done.stdout) < 5
