import numpy as np
import sqlalchemy as sa

from tests.vizkit.index.batches import batch, put, rows
from vizkit.index import schema
from vizkit.index.pyramid import CHUNK


def count(index, table, **where):
    query = sa.select(sa.func.count()).select_from(table)
    for name, value in where.items():
        query = query.where(table.c[name] == value)
    with index._database.reading() as connection:
        return connection.execute(query).scalar()


def test_open_chunks_go_to_the_journal_and_sealed_ones_to_the_chunks(index):
    put(index, batch("loss", range(CHUNK + 1)))

    index.commit()

    assert count(index, schema.chunk, level=schema.POINTS) == 2
    assert count(index, schema.chunk, level=schema.FINE_ENTRIES) == 1
    assert count(index, schema.journal) == 1


def test_a_vector_keeps_blocks_for_its_heatmap(index):
    put(index, rows("g/*", "abc", np.ones((CHUNK, 3))))

    index.commit()

    assert count(index, schema.chunk, level=schema.POINTS) == 4
    assert count(index, schema.chunk, level=schema.BLOCKS[16]) == 1
    assert count(index, schema.chunk, level=schema.FINE_ENTRIES) == 0


def test_nothing_new_writes_nothing(index):
    put(index, batch("loss", range(3)))
    index.commit()

    assert index.commit()

    assert count(index, schema.journal) == 1


def test_a_whole_commit_empties_the_journal(index):
    put(index, batch("loss", range(3)))
    index.commit()

    index._committer.commit(whole=True, last=True)

    assert count(index, schema.journal) == 1
    assert count(index, schema.chunk, level=schema.OPEN) == 2


def test_forgetting_a_run_leaves_the_others(index):
    put(index, batch("loss", range(CHUNK)), run="gone")
    put(index, batch("loss", range(CHUNK)), run="kept")
    index.commit()

    index.forget("gone")
    index.commit()

    assert count(index, schema.run) == count(index, schema.series) == count(index, schema.file) == 1
    assert count(index, schema.chunk, level=schema.POINTS) == 2
    assert len(index.read("kept", "loss")) == CHUNK
