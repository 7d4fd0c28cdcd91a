import os
import signal
import subprocess
import sys

import psutil
import pytest

from vizkit.events import decoder as module
from vizkit.events.decoder import Decoder, adopt, start_early
from vizkit.events.encode import Encoder
from vizkit.events.messages import Done, Follow, Order
from vizkit.testing import make_run, wait_until

NAME = "events.out.tfevents.1.h.1.0"


def log(folder, steps):
    folder.mkdir(parents=True, exist_ok=True)
    records = Encoder().encode_all([(step, 1.0, {"loss": 0.5}) for step in steps])
    (folder / NAME).write_bytes(b"".join(records))


def order(folder, ticket=1):
    return Follow((Order(ticket, folder.name, str(folder), (NAME,), {}),))


@pytest.fixture
def decoder():
    made = Decoder()
    yield made
    made.close()


def taken(decoder):
    """Return all messages up to the first Done."""
    messages = []
    while not messages or not isinstance(messages[-1], Done):
        messages.append(wait_until(decoder.take, timeout=30))
    return messages


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_it_is_told_to_read_comes_back(tmp_path, decoder):
    log(tmp_path / "a", range(1000))

    decoder.tell(order(tmp_path / "a"))
    *portions, done = taken(decoder)

    steps = [step for each in portions for step in each.read.batch.points.step.tolist()]
    assert steps == list(range(1000))
    assert done == Done(1, "a")


def test_it_loads_neither_torch_nor_the_writer_nor_a_database(decoder):
    maps = psutil.Process(decoder.pid).memory_maps

    wait_until(lambda: any("numpy" in each.path for each in maps()), timeout=30)
    loaded = {each.path for each in maps()}

    assert not any("torch" in path or "sqlalchemy" in path for path in loaded)


def test_what_it_sends_is_bounded_until_it_is_taken(tmp_path, decoder, monkeypatch):
    monkeypatch.setattr(module, "HELD", 1 << 20)
    log(tmp_path / "a", range(300_000))

    decoder.tell(order(tmp_path / "a"))
    wait_until(lambda: decoder._held > 1 << 20, timeout=30)
    used = psutil.Process(decoder.pid).cpu_times().user
    wait_until(lambda: psutil.Process(decoder.pid).status() == psutil.STATUS_SLEEPING, timeout=30)
    *portions, _ = taken(decoder)

    assert used > 0
    assert sum(len(each.read.batch.points) for each in portions) == 300_000


def test_it_ends_when_it_is_closed(decoder):
    pid = decoder.pid

    decoder.close()

    assert gone(pid)
    assert decoder.ended
    assert not decoder.tell(Follow(()))


def test_its_end_is_noticed(decoder):
    os.kill(decoder.pid, signal.SIGKILL)

    wait_until(lambda: decoder.ended)


def test_what_it_sent_before_its_end_can_be_taken(tmp_path, decoder):
    log(tmp_path / "a", range(10))
    decoder.tell(order(tmp_path / "a"))
    wait_until(lambda: decoder._held, timeout=30)

    os.kill(decoder.pid, signal.SIGKILL)

    assert decoder.take() is not None


def test_it_ends_with_its_parent_even_where_that_is_killed():
    code = (
        "import time; from vizkit.events.decoder import Decoder;"
        "print(Decoder().pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()

    wait_until(lambda: gone(pid), timeout=10)


def test_ctrl_c_is_left_to_the_parent(tmp_path, decoder):
    log(tmp_path / "a", range(10))
    decoder.tell(order(tmp_path / "a"))
    taken(decoder)

    os.kill(decoder.pid, signal.SIGINT)
    decoder.tell(order(tmp_path / "a", ticket=2))

    assert taken(decoder)[-1] == Done(2, "a")


def test_an_early_one_has_read_everything_by_the_time_it_is_adopted(tmp_path):
    for age, name in enumerate(["new", "old"]):
        path = make_run(tmp_path / name, {"loss": [(1, 0.5)]})
        os.utime(path, (1e9 - age, 1e9 - age))

    start_early(tmp_path)
    early = adopt(tmp_path)
    wait_until(lambda: len(early._inbox) == 4, timeout=30)
    messages = [early.take() for _ in range(4)]
    early.close()

    assert [(type(each).__name__, each.run, each.ticket) for each in messages] == [
        ("Portion", "new", 0),
        ("Done", "new", 0),
        ("Portion", "old", 0),
        ("Done", "old", 0),
    ]


def test_only_its_own_logdir_adopts_an_early_one(tmp_path):
    (tmp_path / "a").mkdir()
    start_early(tmp_path / "a")
    (early,) = module._early.values()

    assert adopt(tmp_path) is None
    wait_until(lambda: gone(early.pid))
    assert adopt(tmp_path / "a") is None


def test_a_folder_of_the_users_cannot_stand_in_for_a_package(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('mine')")
    (tmp_path / "queue.py").write_text("raise SystemExit('mine')")
    monkeypatch.chdir(tmp_path)
    log(tmp_path / "a", range(3))

    other = Decoder()
    other.tell(order(tmp_path / "a"))

    assert len(taken(other)) == 2
    other.close()
