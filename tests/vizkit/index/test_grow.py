import numpy as np

from vizkit.index.columns import Chunk
from vizkit.index.grow import Growing, OpenChunk
from vizkit.index.pyramid import CHUNK


def chunk(n, dtype=np.float32):
    return Chunk(np.arange(n), np.arange(float(n)), np.ones((n, 2), dtype), 0)


def test_a_view_never_changes_while_its_array_grows():
    growing = Growing(1, np.dtype(np.int64))
    growing.append(np.array([[1], [2]]))

    before = growing.view()
    growing.append(np.arange(100)[:, None])

    assert before.tolist() == [[1], [2]]
    assert growing.rows == 102


def test_an_open_chunk_takes_no_more_than_a_chunk():
    opened = OpenChunk(2)

    taken = [opened.fill(chunk(4000)), opened.fill(chunk(4000))]

    assert taken == [4000, CHUNK - 4000]
    assert len(opened.view()) == CHUNK


def test_float32_stays_until_a_float64_comes():
    opened = OpenChunk(2)

    opened.fill(chunk(3))
    single = opened.view()
    opened.fill(chunk(3, np.float64))

    assert single.value.dtype == np.float32
    assert opened.view().value.dtype == np.float64


def test_few_points_take_little_memory():
    opened = OpenChunk(1)

    opened.fill(Chunk(np.arange(3), np.arange(3.0), np.ones((3, 1)), 0))

    assert opened.size < 500
