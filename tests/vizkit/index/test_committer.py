import contextlib
import logging
import sqlite3
import threading

import numpy as np
import pytest

from tests.vizkit.index.batches import batch, put
from vizkit.errors import IndexUnavailableError
from vizkit.index import Index, committer
from vizkit.testing import wait_until


def stored_offset(index):
    """Return how far the file was read, as another process would see it."""
    copy = index.path.with_name("copy.db")
    with sqlite3.connect(index.path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close(), target.close()
    with Index.open(index.logdir, f"sqlite:///{copy}") as opened:
        state = opened.tail_states().get(("run", "file"))
    return None if state is None else state.offset


def test_points_lie_in_the_database_within_a_second(file_index):
    put(file_index, batch("loss", [1.0]), offset=7)

    wait_until(lambda: stored_offset(file_index) == 7, timeout=10)


def test_many_points_are_written_before_more_are_taken(file_index):
    for start in range(0, 300_000, 50_000):
        put(file_index, batch("loss", np.arange(50_000.0), start=start), offset=start)

    assert file_index._contents.pending.values < 200_000
    assert stored_offset(file_index) >= 150_000


@pytest.fixture
def blocked(file_index):
    """An index that cannot be written until what is yielded is rolled back."""
    put(file_index, batch("loss", [1.0]), offset=1)
    file_index.commit()
    blocker = sqlite3.connect(file_index.path, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    file_index._database._engine.dispose()  # new connections give up sooner
    with file_index._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    yield blocker
    blocker.close()


def test_what_cannot_be_written_is_not_lost(file_index, blocked, caplog):
    put(file_index, batch("loss", [2.0], start=1), offset=2)
    with caplog.at_level(logging.WARNING, "vizkit.index"):
        assert not file_index.commit()
        assert not file_index.commit()
    assert caplog.text.count("tried again") == 1
    assert file_index.read("run", "loss").value.tolist() == [1, 2]

    blocked.rollback()
    with caplog.at_level(logging.WARNING, "vizkit.index"):
        wait_until(lambda: file_index.commit() and not file_index._contents.pending)
    assert caplog.text.count("can be written again") == 1
    assert stored_offset(file_index) == 2


def test_reading_waits_while_far_too_much_is_pending(file_index, blocked, monkeypatch):
    monkeypatch.setattr("vizkit.index.committer._MANY_VALUES", 100)
    monkeypatch.setattr("vizkit.index.committer._MOST_VALUES", 300)

    def read():
        for start in range(0, 1000, 100):
            put(file_index, batch("x", range(100), start=start), offset=start)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: file_index._contents.pending.values >= 300)
    reader.join(0.5)
    assert reader.is_alive()
    assert file_index._contents.pending.values <= 400

    blocked.rollback()
    reader.join(20)
    assert not reader.is_alive()
    assert len(file_index.read("run", "x")) == 1000


def test_closing_does_not_wait_for_a_database_that_is_gone(file_index, blocked, monkeypatch):
    monkeypatch.setattr("vizkit.index.committer._MANY_VALUES", 1)
    monkeypatch.setattr("vizkit.index.committer._MOST_VALUES", 1)
    reader = threading.Thread(target=put, args=(file_index, batch("x", [1.0])))
    reader.start()

    file_index.interrupt()

    reader.join(5)
    assert not reader.is_alive()


def test_nothing_is_taken_once_another_process_writes(file_index):
    file_index._committer.retire()

    with pytest.raises(IndexUnavailableError, match="Another server"):
        put(file_index, batch("loss", [1.0]))
    assert not file_index.commit()


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


def test_what_is_settled_takes_no_room_beside_its_chunks(logdir):
    with Index.open(logdir) as index:
        for start in range(0, 600_000, 100_000):
            values = np.random.default_rng(start).normal(size=100_000)
            put(index, batch("loss", values, start=start))
            index.commit()
        path = index.path

    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM journal").fetchone()[0] <= 1


def test_a_journal_is_emptied_once_nothing_comes_in(logdir, monkeypatch):
    monkeypatch.setattr(committer, "_SETTLED_AFTER", 0.0)
    monkeypatch.setattr(committer, "_WORTH_SETTLING", 0)
    with Index.open(logdir) as index:
        put(index, batch("loss", range(3)))

        index.commit()
        wait_until(lambda: index.commit() and index._committer._journal_bytes == 0)

        assert index.read("run", "loss").value.tolist() == [0, 1, 2]
