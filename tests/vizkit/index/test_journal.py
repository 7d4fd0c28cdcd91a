import numpy as np

from vizkit.index.columns import Chunk
from vizkit.index.journal import Stretch, packed, unpacked


def stretch(lane, dtype):
    value = np.array([[1, 2], [3, np.nan]], dtype)
    return Stretch(lane, 40, Chunk(np.array([7, 8]), np.array([0.5, 1.5]), value, 3))


def test_stretches_come_back_with_their_kind_of_float():
    given = [stretch(5, np.float32), stretch(6, np.float64)]

    read = list(unpacked(memoryview(packed(given))))

    assert [(each.lane, each.start, each.rows.attempt) for each in read] == [(5, 40, 3), (6, 40, 3)]
    for before, after in zip(given, read, strict=True):
        assert after.rows.value.dtype == before.rows.value.dtype
        assert after.rows.value.tobytes() == before.rows.value.tobytes()
        assert after.rows.step.tolist() == [7, 8]
        assert after.rows.wall_time.tolist() == [0.5, 1.5]


def test_nothing_packed_is_nothing_read():
    assert list(unpacked(memoryview(packed([])))) == []
