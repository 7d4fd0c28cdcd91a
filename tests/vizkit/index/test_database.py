import threading

import pytest
import sqlalchemy as sa

from tests.vizkit.index.conftest import ENGINES, url_of
from vizkit.errors import IndexBrokenError
from vizkit.index import schema
from vizkit.index.database import LeadLostError
from vizkit.index.place import find_database

ROW = {"id": 1, "data": b"one"}


@pytest.fixture(params=ENGINES)
def database(request, logdir):
    opened = find_database(logdir, url_of(request.param, request))
    assert opened.claim()
    opened.create()
    yield opened
    opened.close()


def rows(database):
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(schema.run))]


def test_a_row_of_the_same_key_is_replaced(database):
    for data in (b"one", b"two"):
        with database.writing() as connection:
            database.put(connection, schema.run, [{"id": 1, "data": data}])

    assert rows(database) == [(1, b"two")]


def test_what_fails_halfway_leaves_nothing(database):
    def fail_halfway():
        with database.writing() as connection:
            database.put(connection, schema.run, [ROW])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert rows(database) == []


def test_threads_read_at_once(database):
    with database.writing() as connection:
        database.put(connection, schema.run, [ROW])
    found = []

    threads = [threading.Thread(target=lambda: found.append(rows(database))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [[(1, b"one")]] * 8


def test_reading_goes_on_beside_a_writer(database):
    if database.where == "memory":
        pytest.skip("one connection serves all in memory")

    with database.writing() as connection:
        database.put(connection, schema.run, [ROW])
        assert rows(database) == []

    assert rows(database) == [(1, b"one")]


def test_another_version_is_refused(database):
    with database.writing() as connection:
        database.put(connection, schema.meta, [{"key": "version", "value": "999"}])

    with pytest.raises(IndexBrokenError, match="999"):
        database.create()


def test_rows_that_are_there_already_may_be_added_again(database):
    for data in (b"one", b"two"):
        with database.writing() as connection:
            database.add(connection, schema.run, [{"id": 1, "data": data}, {"id": 2, "data": data}])

    assert rows(database) == [(1, b"two"), (2, b"two")]


def test_names_may_hold_anything(database):
    names = ["a\0b", "损失", "\udcff.tfevents", "'; DROP TABLE file; --"]
    with database.writing() as connection:
        for name in names:
            database.put(connection, schema.file, [{"run": 1, "path": name, "data": b""}])

    with database.reading() as connection:
        found = connection.execute(sa.select(schema.file.c.path)).scalars().all()
    assert sorted(found) == sorted(names)


def test_long_names_of_plugins_are_told_apart(database):
    rows = [
        {"id": n, "run": 1, "plugin": "p" * 100_000 + str(n), "data": b"%d" % n} for n in range(3)
    ]
    with database.writing() as connection:
        database.put(connection, schema.payload, rows)

    with database.reading() as connection:
        query = sa.select(schema.payload.c.data).where(schema.payload.c.plugin == rows[1]["plugin"])
        assert connection.execute(query).scalars().all() == [b"1"]


def test_only_the_epoch_that_holds_may_commit(database):
    old = database.create()
    new = database.create()

    def commit(mark):
        with database.writing() as connection:
            number = database.advance(connection, mark)
            database.put(connection, schema.run, [ROW])
            return number

    with pytest.raises(LeadLostError):
        commit(old)
    assert rows(database) == []
    assert commit(new) == new.number + 1
    with pytest.raises(LeadLostError):
        database.renew(old)
    database.renew(new)


def test_what_was_cleared_is_born_again(database):
    first = database.create()

    database.clear()

    if database.where != "memory":
        assert database.create().birth != first.birth


def test_a_snapshot_sees_one_moment(database):
    if database.where == "memory":
        pytest.skip("one connection serves all in memory")

    with database.snapshot() as connection:
        query = sa.select(sa.func.count()).select_from(schema.run)
        before = connection.execute(query).scalar()
        with database.writing() as writer:
            database.put(writer, schema.run, [ROW])
        assert connection.execute(query).scalar() == before == 0
