import psycopg
import pytest
import sqlalchemy as sa

from vizkit.cachefolder import index_key
from vizkit.index import bulk, schema
from vizkit.index.place import find_database


@pytest.fixture
def place(postgres, logdir):
    database = find_database(logdir, postgres.url())
    assert database.claim()
    database.create()
    yield database, f"vizkit_{index_key(logdir)}"
    database.close()


ROWS = [{"level": 1, "series": n, "no": 0, "part": -1, "data": bytes([n])} for n in range(200)]


def stored(database):
    with database.reading() as connection:
        query = sa.select(schema.chunk).order_by(schema.chunk.c.series)
        return [dict(row._mapping) for row in connection.execute(query)]


@pytest.mark.parametrize("insert", [bulk.copy, bulk.upsert])
def test_rows_come_back_as_they_were(place, insert):
    database, name = place

    with database.writing() as connection:
        insert(connection, name, schema.chunk, ROWS)

    assert stored(database) == ROWS


def test_copying_what_is_there_is_an_error_and_inserting_it_replaces_it(place):
    database, name = place
    with database.writing() as connection:
        bulk.copy(connection, name, schema.chunk, ROWS)
    newer = [{**ROWS[0], "data": b"newer"}]

    with pytest.raises(psycopg.errors.UniqueViolation), database.writing() as connection:
        bulk.copy(connection, name, schema.chunk, newer)
    with database.writing() as connection:
        bulk.upsert(connection, name, schema.chunk, newer)

    assert stored(database)[0]["data"] == b"newer"


def test_a_comment_may_hold_anything(place):
    database, name = place

    with database.writing() as connection:
        bulk.comment(connection, name, "it's 100 % \udcff\0")
        found = connection.execute(
            sa.text("SELECT obj_description(CAST(:name AS regnamespace))"), {"name": name}
        ).scalar()

    assert found == "it's 100 % ?"
