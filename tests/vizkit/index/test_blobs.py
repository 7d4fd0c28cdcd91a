import pytest
import sqlalchemy as sa

from tests.vizkit.index.batches import batch, put
from vizkit.errors import IndexBrokenError, RunNotFoundError
from vizkit.index import Index, schema
from vizkit.index.pyramid import CHUNK


def committed(index, tags="ab"):
    """Append a sealed chunk and an open one of each tag, and write both."""
    for tag in tags:
        put(index, batch(tag, range(CHUNK + 10)))
    index._committer.commit(whole=True)
    return [index.series("run", tag).lanes[0][0].number for tag in tags]


def test_open_chunks_of_many_lanes_are_found_by_their_number(index):
    first, second = committed(index)
    store = index._store

    found = {lane: len(blobs) for lane, blobs in store._open_blobs({first: 1, second: 1})}
    other = dict(store._open_blobs({first: 0, second: 1}))
    steps_only = dict(store._open_blobs({first: 1}, (schema.AXES,)))

    assert found == {first: 2, second: 2}
    assert list(other) == [second]
    assert len(steps_only[first]) == 1


def test_rows_that_are_gone_are_damage(index):
    lane, _ = committed(index)
    chunk = schema.chunk
    here = (chunk.c.level == schema.POINTS) & (chunk.c.series == lane) & (chunk.c.part == 0)
    with index._database.writing() as connection:
        connection.execute(sa.delete(chunk).where(here))

    with pytest.raises(IndexBrokenError, match="gone"):
        index._store._blobs(schema.POINTS, lane, [0], (schema.AXES, 0))
    with pytest.raises(IndexBrokenError, match="gone"):
        index._store.chunk(lane, 0)


def test_rows_of_a_run_that_was_removed_are_no_damage(index):
    lane, _ = committed(index)
    index._store.forgotten.add(lane)

    with pytest.raises(RunNotFoundError, match="removed"):
        index._store._blobs(schema.POINTS, lane, [7])


def test_reading_leaves_parked_chunks_where_they_are(logdir):
    with Index.open(logdir) as index:
        committed(index)
    with Index.open(logdir) as index:
        lanes = index._contents.runs["run"].lanes

        assert index.read("run", "a").value.tolist() == list(range(CHUNK + 10))
        assert [lane.parked_rows for lane in lanes] == [10, 10]
        put(index, batch("a", [7.0], start=CHUNK + 10))
        assert index.read("run", "a", CHUNK).value.tolist() == [*range(CHUNK, CHUNK + 10), 7.0]
        assert [lane.parked_rows for lane in lanes] == [0, 10]
