import sqlite3

import pytest

from vizkit.errors import IndexBrokenError
from vizkit.index import schema
from vizkit.index.database import LeadLostError
from vizkit.index.sqlite import SqliteDatabase


@pytest.fixture
def database(tmp_path):
    opened = SqliteDatabase(tmp_path / "index.db")
    opened.claim()
    yield opened
    opened.close()


def test_one_process_writes_until_it_closes(database):
    second = SqliteDatabase(database.path)

    assert not second.claim()
    database.close()
    assert second.claim()
    second.close()


def test_a_removed_file_is_noticed(database):
    mark = database.create()
    database.keep(mark)

    database.path.unlink()

    with pytest.raises(LeadLostError):
        database.keep(mark)


def test_a_reader_notices_a_file_that_was_replaced(database, tmp_path):
    database.create()
    reader = SqliteDatabase(database.path)
    reader.check()
    database.clear()
    database.create()

    with pytest.raises(LeadLostError), reader.reading() as connection:
        reader.mark(connection)

    reader.close()


def test_damaged_pages_are_found_at_the_start(database):
    database.create()
    with database.writing() as connection:
        rows = [{"id": n, "data": b"x" * 3000} for n in range(50)]
        database.put(connection, schema.run, rows)
    database._engine.dispose()
    data = bytearray(database.path.read_bytes())
    data[4096 * 12 : 4096 * 13] = bytes(4096)
    database.path.write_bytes(data)

    with pytest.raises((IndexBrokenError, sqlite3.DatabaseError)):
        SqliteDatabase(database.path).create()


def test_noted_damage_is_seen_until_it_is_cleared(database):
    database.create()
    database.note_damage()

    assert SqliteDatabase(database.path).damaged()
    database.clear()
    assert not database.damaged()


def test_a_private_file_is_removed_at_the_end(database):
    private = database.aside()
    private.create()
    assert private.path.exists()

    private.close()

    assert not private.path.exists()


def test_the_size_counts_what_lies_beside_the_file(database):
    database.create()

    wal = database.path.with_name("index.db-wal")
    assert database.size() > database.path.stat().st_size + wal.stat().st_size > 0


def test_space_of_what_was_removed_is_given_back(database):
    database.create()
    with database.writing() as connection:
        rows = [{"id": number, "data": bytes(100_000)} for number in range(50)]
        database.put(connection, schema.journal, rows)
    with database.writing() as connection:
        connection.execute(schema.journal.delete())

    database.shrink()
    database.close()

    assert database.path.stat().st_size < 1_000_000


def test_chunks_of_like_size_lie_side_by_side(database):
    """Those of 1,000 points take about 1 KB for steps and times, and 4 KB for values."""
    database.create()
    rows = [
        {"level": schema.OPEN, "series": number, "no": 0, "part": part, "data": bytes(size)}
        for part, size in {schema.AXES: 1055, 0: 4005}.items()
        for number in range(500)
    ]

    with database.writing() as connection:
        database.put(connection, schema.chunk, rows)
    database.close()

    content = sum(len(row["data"]) for row in rows)
    assert database.path.stat().st_size < 1.15 * content
