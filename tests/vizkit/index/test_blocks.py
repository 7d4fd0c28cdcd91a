import numpy as np

from tests.vizkit.index.batches import INF, NAN
from vizkit.index.blocks import blocks_of
from vizkit.index.columns import Chunk


def blocks(values, size, dtype=np.float32):
    value = np.array(values, dtype)
    return blocks_of(Chunk(np.arange(len(value)), np.arange(len(value)) * 1.0, value, 0), size)


def test_a_block_has_the_highest_finite_value_of_each_column():
    found = blocks([[1, -5], [3, NAN], [2, INF]], 2)

    assert found.top.tolist() == [[3, -5], [2, -INF]]
    assert found.odd.tolist() == [[False, True], [False, True]]
    assert found.step.tolist() == [0, 2]


def test_of_size_one_each_row_is_a_block():
    assert blocks([[1], [2]], 1).top.tolist() == [[1], [2]]


def test_what_float32_cannot_hold_is_as_high_as_it_can():
    found = blocks([[1e300], [-1e300]], 1, np.float64)

    assert found.top.tolist() == [[np.finfo(np.float32).max], [np.finfo(np.float32).min]]
    assert not found.odd.any()
