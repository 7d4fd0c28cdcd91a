import pytest
import sqlalchemy as sa

from tests.vizkit.index.batches import batch, payload, put, rows
from vizkit.index import schema
from vizkit.index.checking import check
from vizkit.index.place import named_database
from vizkit.index.pyramid import CHUNK


@pytest.fixture
def filled(file_index, logdir):
    put(file_index, batch("loss", range(CHUNK + 9)))
    put(file_index, rows("g/*", "abc", [[1, 2, 3]] * (CHUNK + 1)))
    file_index.commit()
    (logdir / "run").mkdir()
    (logdir / "run" / "file").write_bytes(b"1")
    return logdir


def change(logdir, statement):
    database = named_database(logdir, None)
    with database.writing() as connection:
        connection.execute(statement)
    database.close()


def test_an_index_may_be_checked_while_it_is_written(filled):
    assert list(check(filled, None)) == []


@pytest.mark.parametrize("level", sorted(set(schema.LEVELS) - {schema.OPEN}))
def test_rows_that_are_gone_or_changed_are_told(filled, level):
    here = (schema.chunk.c.level == level) & (schema.chunk.c.series == (level > 2))
    change(filled, schema.chunk.update().where(here).values(data=sa.literal(b"12345678")))

    assert any("table chunk" in sentence for sentence in check(filled, None))


def test_points_that_do_not_add_up_are_told(filled, file_index):
    file_index._contents.runs["run"].totals = file_index._contents.runs["run"].totals.plus(
        5, *[file_index.read("run", "loss").step] * 2, 0
    )
    put(file_index, batch("loss", [1.0]), offset=1)
    file_index.commit()

    assert any("points, but tells of" in sentence for sentence in check(filled, None))


def test_a_file_that_is_gone_is_told(filled):
    (filled / "run" / "file").unlink()

    (sentence,) = check(filled, None)

    assert "is gone" in sentence


def test_a_payload_that_was_changed_is_told(filled, file_index):
    put(file_index, payload(data=b"content"))
    file_index.commit()
    change(filled, schema.payload.update().values(data=sa.literal(b"12345678")))

    assert any("table payload" in sentence for sentence in check(filled, None))
