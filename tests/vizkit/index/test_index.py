import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.vizkit.index.batches import batch, put, rows
from vizkit.errors import IndexBrokenError, VizkitWarning
from vizkit.index import Index
from vizkit.index.pyramid import CHUNK


def test_an_append_is_visible_at_once(index):
    changed = put(index, batch("loss", [1, 2]))

    assert changed == {("run", "loss")}
    assert index.read("run", "loss").value.tolist() == [1, 2]
    assert [row.name for row in index.runs()] == ["run"]


def test_a_vector_changes_all_of_its_series(index):
    changed = put(index, rows("g/*", "ab", [[1, 2]]))

    assert changed == {("run", "g/a"), ("run", "g/b")}


def test_the_version_grows_with_each_change(index):
    versions = [index.version()]
    put(index, batch("loss", [1]))
    versions.append(index.version())
    index.forget("run")
    versions.append(index.version())

    assert versions == sorted(set(versions))


def test_a_forgotten_run_is_gone(index):
    put(index, batch("loss", [1]))

    index.forget("run")

    assert index.runs() == []
    assert index.tail_states() == {}


def reopened_values(logdir):
    with Index.open(logdir) as index:
        return index.read("run", "loss").value.tolist() if index.runs() else None


def filled(logdir):
    with Index.open(logdir) as index:
        put(index, batch("loss", np.arange(3.0 * CHUNK + 9)))
    return index.path


def test_a_deleted_index_is_built_anew(logdir):
    filled(logdir).unlink()

    assert reopened_values(logdir) is None


def test_what_is_no_database_is_built_anew(logdir):
    filled(logdir).write_bytes(b"no database" * 1000)

    with pytest.warns(VizkitWarning, match="built anew"):
        assert reopened_values(logdir) is None


@pytest.mark.parametrize("version", ["0", "999"])
def test_an_index_of_another_version_is_built_anew(logdir, version):
    with sqlite3.connect(filled(logdir)) as connection:
        connection.execute("UPDATE meta SET value = ?", (version,))
    connection.close()

    with pytest.warns(VizkitWarning, match=version):
        assert reopened_values(logdir) is None


@pytest.mark.filterwarnings("ignore:The index could not be used")
def test_one_flipped_byte_is_never_a_wrong_value(logdir):
    path = filled(logdir)
    good, chance = path.read_bytes(), random.Random(0)
    expected = list(np.arange(3.0 * CHUNK + 9))

    for _ in range(40):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        try:
            found = reopened_values(logdir)
        except IndexBrokenError:
            found = reopened_values(logdir)
            assert found is None
        assert found in (None, expected)


WRITER = """
import sys
import numpy as np
from tests.vizkit.index.batches import batch, put, rows
from vizkit.index import Index

index = Index.open(sys.argv[1])
state = index.tail_states().get(("run", "file"))
at = state.offset if state else 0
print("ready", flush=True)
while True:
    values = np.arange(at, at + 700.0)
    put(index, batch("loss", values, start=at), offset=at)
    vector = rows("g/*", "ab", np.stack([values, -values], 1), start=at, dtype="f8")
    put(index, vector, offset=at + 700)
    at += 700
    if at % 2100 == 0:
        index.commit()
"""


def test_a_kill_at_any_moment_neither_doubles_nor_loses_points(logdir):
    for attempt in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(logdir)], stdout=subprocess.PIPE
        )
        assert process.stdout.readline() == b"ready\n"
        time.sleep(random.Random(attempt).uniform(0.05, 0.3))  # any moment will do
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

        with Index.open(logdir) as index:
            offset = index.tail_states()["run", "file"].offset
            scalars = index.read("run", "loss")
            vectors = index.read("run", "g/b")
            # A batch ends between its scalars and its vectors, never within either.
            assert len(scalars) in (offset, offset + 700)
            assert len(vectors) == offset // 700 * 700
            assert scalars.value.tolist() == list(range(len(scalars)))
            assert vectors.value.tolist() == [-x for x in range(len(vectors))]
            assert index.runs()[0].points == len(scalars) + 2 * len(vectors)
            if len(scalars) != len(vectors):
                pad = np.arange(len(vectors), len(scalars) * 1.0)
                more = rows("g/*", "ab", np.stack([pad, -pad], 1), start=len(vectors), dtype="f8")
                put(index, more, offset=len(scalars))
