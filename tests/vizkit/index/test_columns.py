import numpy as np

from vizkit.index.columns import Chunk, joined, no_columns


def chunk():
    return Chunk(np.arange(3), np.arange(3.0), np.arange(6, dtype=np.float32).reshape(3, 2), 7)


def test_a_column_of_a_chunk_is_a_series_in_float64():
    columns = chunk().column(1)

    assert columns.value.tolist() == [1, 3, 5]
    assert columns.value.dtype == np.float64
    assert columns.attempt.tolist() == [7, 7, 7]


def test_rows_of_a_chunk_are_views():
    whole = chunk()

    part = whole.rows(1, 3)

    assert len(part) == 2
    assert part.value.base is whole.value.base


def test_parts_are_joined_in_order():
    column = chunk().column(0)

    assert joined([column, no_columns(), column]).step.tolist() == [0, 1, 2, 0, 1, 2]
    assert len(joined([])) == 0
