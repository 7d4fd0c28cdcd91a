import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.vizkit.index.batches import INF, NAN
from vizkit.index.columns import Chunk
from vizkit.index.pyramid import summarise, wall_ordered

ROW = st.tuples(st.integers(-50, 50), st.integers(0, 50), st.floats(width=32))


def chunk_of(rows):
    step, wall, value = zip(*rows, strict=True)
    return Chunk(np.array(step), np.array(wall, float), np.array(value, float)[:, None], 1)


def entry_of(values):
    return summarise(chunk_of([(i, i, value) for i, value in enumerate(values)]), 5, 16)[0, 0]


@given(st.lists(ROW, min_size=1, max_size=60), st.integers(1, 20))
def test_entries_hold_what_a_plain_look_at_the_rows_finds(rows, size):
    chunk = chunk_of(rows)

    entries = summarise(chunk, 0, size)[:, 0]

    for number, start in enumerate(range(0, len(rows), size)):
        block, entry = rows[start : start + size], entries[number]
        finite = [value for _, _, value in block if np.isfinite(value)]
        assert entry["count"] == len(block)
        assert entry["odd_count"] == len(block) - len(finite)
        assert entry["first"]["step"] == min(step for step, _, _ in block)
        assert entry["last"]["step"] == max(step for step, _, _ in block)
        assert entry["wall_lo"] == min(wall for _, wall, _ in block)
        assert entry["wall_hi"] == max(wall for _, wall, _ in block)
        if finite:
            assert entry["low"]["value"] == min(finite)
            assert entry["high"]["value"] == max(finite)
        else:
            assert np.isnan(entry["low"]["value"])


def test_of_equal_steps_the_earliest_is_first_and_the_latest_last():
    entry = summarise(chunk_of([(3, 0, 1.0), (3, 1, 2.0), (3, 2, 3.0)]), 0, 16)[0, 0]

    assert entry["first"]["value"] == 1
    assert entry["last"]["value"] == 3


def test_the_first_non_finite_value_is_kept():
    entry = entry_of([1, NAN, INF])

    assert entry["odd"]["step"] == 1
    assert np.isnan(entry["odd"]["value"])


def test_an_entry_says_where_its_points_are():
    entries = summarise(chunk_of([(i, i, i) for i in range(40)]), 5, 16)[:, 0]

    assert entries["chunk"].tolist() == [5, 5, 5]
    assert entries["row"].tolist() == [0, 16, 32]
    assert entries["attempt"].tolist() == [1, 1, 1]


def test_each_column_has_entries_of_its_own():
    chunk = Chunk(np.arange(2), np.arange(2.0), np.array([[1.0, 5.0], [2.0, NAN]]), 0)

    entries = summarise(chunk, 0, 16)

    assert entries["high"]["value"].tolist() == [[2, 5]]
    assert entries["odd_count"].tolist() == [[0, 1]]


def test_a_clock_that_went_back_is_noticed():
    steady = summarise(chunk_of([(0, 0, 1), (1, 1, 1), (2, 2, 1)]), 0, 16)[:, 0]
    jumped = summarise(chunk_of([(0, 5, 1), (1, 1, 1), (2, 2, 1)]), 0, 16)[:, 0]

    assert wall_ordered(steady).tolist() == [True]
    assert wall_ordered(jumped).tolist() == [False]
