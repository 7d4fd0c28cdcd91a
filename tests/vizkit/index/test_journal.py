import numpy as np

from vizkit.index.columns import Chunk
from vizkit.index.journal import Changes, Stretch, changes_of, packed, stretches_of


def stretch(lane, dtype):
    value = np.array([[1, 2], [3, np.nan]], dtype)
    return Stretch(lane, 40, Chunk(np.array([7, 8]), np.array([0.5, 1.5]), value, 3))


def test_stretches_come_back_with_their_kind_of_float():
    given = [stretch(5, np.float32), stretch(6, np.float64)]

    read = list(stretches_of(memoryview(packed(Changes((1, 2), (3,), ()), given))))

    assert [(each.lane, each.start, each.rows.attempt) for each in read] == [(5, 40, 3), (6, 40, 3)]
    for before, after in zip(given, read, strict=True):
        assert after.rows.value.dtype == before.rows.value.dtype
        assert after.rows.value.tobytes() == before.rows.value.tobytes()
        assert after.rows.step.tolist() == [7, 8]
        assert after.rows.wall_time.tolist() == [0.5, 1.5]


def test_nothing_packed_is_nothing_read():
    assert list(stretches_of(memoryview(packed(Changes())))) == []


def test_changes_come_back():
    given = Changes(runs=(1, 1 << 40), series=(), forgotten=(7,))

    assert changes_of(memoryview(packed(given, [stretch(5, np.float32)]))) == given
