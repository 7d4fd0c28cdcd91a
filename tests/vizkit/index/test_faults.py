"""What may befall the file of an index: it is built anew or said to be damaged, never wrong."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

from tests.vizkit.index.batches import assert_same, batch, everything, payload, put, rows
from vizkit.errors import IndexBrokenError
from vizkit.index import Index
from vizkit.index.ingest import Ingest
from vizkit.index.pyramid import CHUNK
from vizkit.testing import make_run, wait_until

SLOW = os.environ.get("VIZKIT_SLOW", "") not in ("", "0")


def fill(index):
    chance = np.random.default_rng(5)
    put(index, batch("loss", chance.normal(size=2 * CHUNK + 100)), offset=1)
    put(index, batch("loss", [1.0, np.nan, np.inf], start=50, attempt=1), offset=2)
    put(index, rows("g/*", "abc", chance.normal(size=(CHUNK + 7, 3))), run="other", offset=3)
    put(index, payload("weights", "histograms"), run="other", offset=4)


def filled(logdir):
    """Return the file of an index and all that it tells."""
    with Index.open(logdir) as index:
        fill(index)
        told = everything(index)
    return index.path, told


def told_by(logdir):
    """Return all that an index tells, {} if it was built anew, None if it said it is damaged."""
    with Index.open(logdir) as index:
        try:
            return everything(index) if index.runs() else {}
        except IndexBrokenError:
            return None


def positions(size):
    """Return where to flip a bit: all over the header, and all over the rest."""
    chance = random.Random(1)
    spread = range(0, size, 512 if SLOW else 4096)
    few = [chance.randrange(size) for _ in range(1000 if SLOW else 40)]
    return [*range(0, 100, 3 if SLOW else 9), *spread, *few]


@pytest.mark.filterwarnings("ignore:The index could not be used")
def test_a_flipped_bit_anywhere_is_never_a_wrong_value(logdir):
    path, expected = filled(logdir)
    good, chance = path.read_bytes(), random.Random(0)
    outcomes = {"same": 0, "anew": 0, "said": 0}

    for position in positions(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        told = told_by(logdir)
        if told is None:
            outcomes["said"] += 1
            assert told_by(logdir) == {}  # it was noted, so the next start builds it anew
        elif told == {}:
            outcomes["anew"] += 1
        else:
            assert_same(told, expected)
            outcomes["same"] += 1
        for side in path.parent.iterdir():
            side.unlink()

    assert min(outcomes.values()) > 0


@pytest.mark.parametrize("sides", [["-wal"], ["-shm"], ["-wal", "-shm"]])
@pytest.mark.filterwarnings("ignore:The index could not be used")
def test_a_killed_index_without_its_log_is_never_wrong(logdir, tmp_path, sides):
    with Index.open(logdir) as index:
        fill(index)
        index.commit()
        expected = everything(index)
        put(index, batch("loss", [3.0], start=CHUNK * 3, attempt=1), offset=9)
        index.commit()
        later = everything(index)
        copied = tmp_path / "copy"
        shutil.copytree(index.path.parent, copied)  # as a kill leaves it
    path = copied / index.path.name
    for side in sides:
        path.with_name(path.name + side).unlink()

    with Index.open(logdir, f"sqlite:///{path}") as index:
        found = everything(index)
        states = index.tail_states()

    if ("run", "file") not in states:
        assert found[0] == []
    else:
        assert_same(found, later if states["run", "file"].offset == 9 else expected)


def test_a_file_removed_while_open_is_built_anew(logdir):
    led = []
    with Index.open(logdir) as index:
        index.on_lead = led.append
        fill(index)
        index.commit()
        index.path.unlink()

        wait_until(lambda: led == [False, True])
        assert index.runs() == index.tail_states() == [] or index.tail_states() == {}
        fill(index)
        expected = everything(index)
        assert index.commit()

    assert_same(told_by(logdir), expected)


def test_a_file_that_may_only_be_read_is_built_anew(logdir):
    path, _ = filled(logdir)
    path.chmod(0o444)

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        with Index.open(logdir) as index:
            put(index, batch("loss", [1.0]))
            assert index.read("run", "loss").value[-1] == 1.0


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_loses_nothing_and_memory_stays_small(logdir, small_disk, monkeypatch):
    monkeypatch.setattr("vizkit.index.committer._MOST_VALUES", 400_000)
    values = np.random.default_rng(0).normal(size=1_200_000)  # 11 bytes each
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1 << 20))
    with Index.open(logdir, f"sqlite:///{small_disk}/index.db") as index:
        reader = threading.Thread(target=append_all, args=(index, values))
        reader.start()
        wait_until(lambda: index._contents.pending.values >= 400_000, timeout=30)
        assert reader.is_alive()
        assert index._contents.pending.values < 600_000
        known = index.read("run", "loss").value
        assert np.array_equal(known, values[: len(known)])

        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        reader.join(60)
        assert not reader.is_alive()
        wait_until(index.commit)
    with Index.open(logdir, f"sqlite:///{small_disk}/index.db") as index:
        assert np.array_equal(index.read("run", "loss").value, values)


def append_all(index, values):
    for start in range(0, len(values), 50_000):
        part = values[start : start + 50_000]
        put(index, batch("loss", part, start=start), offset=start + len(part))


SERVER = """
import sys
from vizkit.index import Index
from vizkit.index.ingest import Ingest

index = Index.open(sys.argv[1])
ingest = Ingest(sys.argv[1], index)
ingest.start()
print("ready", flush=True)
ingest.wait_settled()
index.commit()
print("settled", flush=True)
sys.stdin.read()
"""


def add_run(logdir, number):
    """Write a run that takes a while to index."""
    values = np.random.default_rng(number).normal(size=60_000).tolist()
    make_run(logdir / f"run{number}", {"loss": enumerate(values), "lr": enumerate(values[:9000])})


def indexed(logdir, url):
    """Index everything; returns what is told of it."""
    with Index.open(logdir, url) as index:
        ingest = Ingest(logdir, index)
        ingest.start()
        assert ingest.wait_settled(60)
        told = everything(index)
        ingest.stop()
    return sorted(told[0], key=lambda run: run.name), told[1], told[2]


def test_killed_during_commits_it_is_complete_after_a_restart(logdir):
    chance = random.Random(4)

    for number in range(20 if SLOW else 4):
        add_run(logdir, number)
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(logdir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert server.stdout.readline() == b"ready\n"
        threading.Event().wait(chance.uniform(0.0, 0.5))  # any moment will do
        os.kill(server.pid, signal.SIGKILL)
        server.communicate()

    assert_same(indexed(logdir, None), indexed(logdir, "sqlite://"))
