import numpy as np
import pytest
import sqlalchemy as sa

from tests.vizkit.index.batches import batch, put, rows
from vizkit.errors import IndexBrokenError, RunNotFoundError
from vizkit.index import schema
from vizkit.index.pyramid import CHUNK, summarise


def sealed(index, chunks=3):
    """Return a series whose points all lie in the database."""
    put(index, batch("loss", np.random.default_rng(0).normal(size=chunks * CHUNK)))
    index.commit()
    return index.series("run", "loss")


def change(index, statement):
    with index._database.writing() as connection:
        assert connection.execute(statement).rowcount == 1


def test_chunks_are_read_in_the_order_asked(index):
    ((lane, position),) = sealed(index).lanes

    found = lane.source.points(lane.number, [0, 2], position)
    again = lane.source.points(lane.number, [0, 1, 2], position)

    assert [int(points.step[0]) for points in found] == [0, 2 * CHUNK]
    assert [int(points.step[0]) for points in again] == [0, CHUNK, 2 * CHUNK]


def test_a_whole_chunk_of_a_vector_comes_back(index):
    values = np.random.default_rng(0).normal(size=(CHUNK, 20)).astype(np.float32)
    values[:, 3] = 0.5
    put(index, rows("g/*", [f"p{i}" for i in range(20)], values))
    index.commit()
    ((lane, _),) = index.series("run", "g/p0").lanes

    chunk = lane.source.chunk(lane.number, 0)

    assert chunk.value.dtype == np.float32
    assert np.array_equal(chunk.value, values)


def test_rows_of_many_series_are_peeked_at_together(index):
    for tag in "abc":
        put(index, batch(tag, np.arange(2.0 * CHUNK) + ord(tag)))
    index.commit()
    lanes = [lane for _, lane in index.lanes("run")]

    found = lanes[0].source.peek([(0, 1), (1, 0), (2, 1)])

    assert sorted(found) == [(0, 1), (1, 0), (2, 1)]
    assert found[2, 1].step.tolist() == list(range(CHUNK, 2 * CHUNK))
    assert found[2, 1].row(7).tolist() == [CHUNK + 7 + ord("c")]


def test_the_directory_is_that_of_the_chunks(index):
    ((lane, _),) = sealed(index).lanes

    directory = lane.source.directory(lane.number, 3, 1)

    chunks = [lane.source.chunk(lane.number, no) for no in range(3)]
    expected = [summarise(chunk, no, CHUNK) for no, chunk in enumerate(chunks)]
    assert directory.tobytes() == np.concatenate(expected).tobytes()


@pytest.mark.parametrize("no", [0, 1, 2])
@pytest.mark.parametrize("part", [schema.AXES, 0])
def test_a_row_that_is_gone_is_damage(index, no, part):
    view = sealed(index)
    chunk = schema.chunk.c
    change(index, schema.chunk.delete().where(chunk.level == 0, chunk.no == no, chunk.part == part))

    with pytest.raises(IndexBrokenError, match="built anew"):
        view.read()


@pytest.mark.parametrize("part", [schema.AXES, 0, 2])
def test_a_column_of_a_vector_that_is_gone_is_damage(index, part):
    put(index, rows("g/*", "abc", np.ones((CHUNK, 3))))
    index.commit()
    ((lane, _),) = index.series("run", "g/b").lanes
    change(
        index, schema.chunk.delete().where(schema.chunk.c.level == 0, schema.chunk.c.part == part)
    )

    with pytest.raises(IndexBrokenError, match="built anew"):
        lane.source.peek([(lane.number, 0)])


def test_a_flipped_byte_is_damage_and_the_next_start_builds_anew(index, logdir):
    view = sealed(index)
    data = schema.chunk.c.data
    change(
        index,
        schema.chunk.update()
        .where(schema.chunk.c.level == 0, schema.chunk.c.no == 1, schema.chunk.c.part == 0)
        .values(data=sa.func.substr(data, 1, 100).op("||")(sa.literal(b"!"))),
    )

    with pytest.raises(IndexBrokenError, match="damaged"):
        view.read()

    index.close()
    with type(index).open(logdir) as anew:
        assert anew.tail_states() == {}


def test_reading_a_forgotten_run_is_no_damage(index):
    view = sealed(index)

    index.forget("run")
    index.commit()

    with pytest.raises(RunNotFoundError):
        view.read()
