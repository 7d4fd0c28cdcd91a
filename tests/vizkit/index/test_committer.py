import logging
import sqlite3
import threading

import numpy as np

from tests.vizkit.index.batches import batch, put
from vizkit.index import Index
from vizkit.testing import wait_until


def stored_offset(index):
    """Return how far the file was read, as another process would see it."""
    copy = Index.open(index.logdir)
    state = copy.tail_states().get(("run", "file"))
    copy.close()
    return None if state is None else state.offset


def test_points_lie_in_the_database_within_a_second(index):
    put(index, batch("loss", [1.0]), offset=7)

    wait_until(lambda: stored_offset(index) == 7, timeout=10)


def test_many_points_are_written_before_more_are_taken(index):
    for start in range(0, 300_000, 50_000):
        put(index, batch("loss", np.arange(50_000.0), start=start), offset=start)

    assert index._contents.pending.values < 200_000
    assert stored_offset(index) >= 150_000


def test_a_full_disk_loses_nothing(index, caplog):
    put(index, batch("loss", [1.0]), offset=1)
    index.commit()
    blocker = sqlite3.connect(index.path)
    blocker.execute("BEGIN IMMEDIATE")
    index._database.close()  # new connections give up sooner
    with index._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")

    put(index, batch("loss", [2.0], start=1), offset=2)
    with caplog.at_level(logging.WARNING, "vizkit.index"):
        written = index.commit()
    assert not written
    assert "tried again" in caplog.text
    assert index.read("run", "loss").value.tolist() == [1, 2]

    blocker.rollback()
    blocker.close()
    assert index.commit()
    assert stored_offset(index) == 2


def test_reading_goes_on_while_points_come_in(index):
    values = np.arange(300_000.0)
    done, wrong = threading.Event(), []

    def read():
        while not done.is_set():
            if "run" in {row.name for row in index.runs()}:
                found = index.read("run", "loss").value
                if not np.array_equal(found, values[: len(found)]):
                    wrong.append(len(found))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for start in range(0, len(values), 1500):
        put(index, batch("loss", values[start : start + 1500], start=start))
    done.set()
    for reader in readers:
        reader.join()

    assert wrong == []
    assert np.array_equal(index.read("run", "loss").value, values)
