import numpy as np

from tests.vizkit.index.batches import batch, put, rows
from vizkit.index.pyramid import CHUNK, FINE


def test_a_view_stands_still_while_the_series_grows(index):
    put(index, batch("loss", range(10)))

    view = index.series("run", "loss")
    put(index, batch("loss", range(CHUNK), start=10))

    assert view.count == 10
    assert len(view.read()) == 10
    assert index.series("run", "loss").count == CHUNK + 10


def test_any_stretch_is_read_exactly(index):
    values = np.arange(3 * CHUNK + 100.0)
    put(index, batch("loss", values[: 2 * CHUNK]))
    index.commit()
    put(index, batch("loss", values[2 * CHUNK :], start=2 * CHUNK))
    view = index.series("run", "loss")

    for start, stop in [
        (0, 1),
        (CHUNK - 1, CHUNK + 1),
        (5, 3 * CHUNK + 50),
        (3 * CHUNK, None),
        (3 * CHUNK + 99, 10**9),
        (10**9, None),
        (7, 7),
    ]:
        assert view.read(start, stop).value.tolist() == values[start:stop].tolist()


def test_chunks_cut_short_by_a_restart_are_read_exactly(index):
    for attempt in range(5):
        put(index, batch("loss", [attempt] * (attempt + 1), attempt=attempt))
    expected = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4]

    view = index.series("run", "loss")

    for start in range(len(expected)):
        for stop in range(start, len(expected) + 1):
            assert view.read(start, stop).attempt.tolist() == expected[start:stop]


def test_lanes_that_took_over_are_read_one_after_the_other(index):
    put(index, rows("g/*", "ab", [[1, 2], [3, 4]]))
    put(index, rows("g/*", "bc", [[5, 6]], start=2))

    view = index.series("run", "g/b")

    assert view.read().value.tolist() == [2, 4, 5]
    assert view.read(1, 3).value.tolist() == [4, 5]


def test_written_and_waiting_chunks_give_the_same_entries(index):
    values = np.random.default_rng(0).normal(size=3 * CHUNK)
    put(index, batch("loss", values))
    ((lane, _),) = index.series("run", "loss").lanes

    waiting = lane.fine([0, 2])
    index.commit()
    ((lane, _),) = index.series("run", "loss").lanes
    written = lane.fine([0, 2])

    assert not lane.waiting
    assert written.tobytes() == waiting.tobytes()
    assert len(written) == 2 * CHUNK // FINE


def test_written_and_waiting_chunks_give_the_same_blocks(index):
    values = np.random.default_rng(0).normal(size=(CHUNK, 3))
    put(index, rows("g/*", "abc", values))
    ((lane, _),) = index.series("run", "g/a").lanes

    before = [lane.blocks(0, size).top.tolist() for size in (1, 16, 256)]
    index.commit()
    ((lane, _),) = index.series("run", "g/a").lanes

    assert [lane.blocks(0, size).top.tolist() for size in (1, 16, 256)] == before
