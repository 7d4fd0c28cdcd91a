import threading

import pytest
import sqlalchemy as sa

from vizkit.errors import IndexBrokenError
from vizkit.index import schema
from vizkit.index.database import Database

ROW = {"id": 1, "data": b"one"}


@pytest.fixture(params=["file", "memory"])
def database(request, tmp_path):
    opened = Database(tmp_path / "index.db" if request.param == "file" else None)
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


def test_reading_goes_on_beside_a_writer(tmp_path):
    database = Database(tmp_path / "index.db")
    database.create()

    with database.writing() as connection:
        database.put(connection, schema.run, [ROW])
        assert rows(database) == []

    assert rows(database) == [(1, b"one")]
    database.close()


def test_another_version_is_refused(database):
    with database.writing() as connection:
        database.put(connection, schema.meta, [{"key": "version", "value": "999"}])

    with pytest.raises(IndexBrokenError, match="999"):
        database.create()
