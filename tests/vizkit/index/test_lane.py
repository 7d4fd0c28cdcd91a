import numpy as np
import pytest

from vizkit.errors import IndexBrokenError
from vizkit.index.lane import Begin, Kept, Lane, LaneKey
from vizkit.index.pyramid import CHUNK
from vizkit.index.stats import count

KEY = LaneKey("run", "grad_norm/*", ("a", "b"))


def nothing_to_load(lane, no):
    raise AssertionError("nothing is parked")


def lane():
    return Lane(0, KEY, nothing_to_load)


def append(lane, steps, attempt=0):
    steps = np.asarray(steps)
    values = np.stack([steps, -steps], axis=1).astype(np.float32)
    lane.append(steps, steps.astype(float), values, attempt)


def test_a_vector_is_one_series_a_name():
    assert KEY.series == ("grad_norm/a", "grad_norm/b")
    assert LaneKey("run", "loss").series == ("loss",)


def test_full_chunks_are_sealed():
    grown = lane()

    append(grown, np.arange(2 * CHUNK + 5))

    assert grown.chunks == 2
    assert grown.open().rows == 5
    assert grown.rows == 2 * CHUNK + 5
    assert grown.directory.view()["last"]["step"][:, 0].tolist() == [CHUNK - 1, 2 * CHUNK - 1]


def test_a_chunk_holds_one_attempt_only():
    grown = lane()

    append(grown, [0, 1, 2])
    append(grown, [1, 2], attempt=1)

    assert grown.chunks == 1
    assert grown.open().view().attempt == 1
    assert grown.begins == {0: Begin(0, 0.0), 1: Begin(1, 1.0)}


def test_an_attempt_begins_at_its_lowest_step():
    grown = lane()

    append(grown, [5, 6])
    append(grown, [3, 9])

    assert grown.begins == {0: Begin(3, 3.0)}


def test_only_what_lies_in_the_database_is_parked():
    grown = lane()
    append(grown, [0, 1, 2])

    grown.park()
    assert grown.parked_rows == 0

    grown.covered = 3
    count([grown])
    grown.park()
    assert grown.parked_rows == grown.rows == 3


def test_a_parked_chunk_comes_back_when_points_do():
    source = lane()
    append(source, [0, 1, 2])
    chunk = source.open().view()
    parked = Lane.stored_as(
        0,
        KEY,
        lambda lane, no: chunk,
        Kept(3, source.directory.view(), source.begins, 3, source.tally),
    )

    append(parked, [3])

    assert parked.open().view().step.tolist() == [0, 1, 2, 3]


def test_a_parked_chunk_that_lost_rows_is_damage():
    source = lane()
    append(source, [0, 1, 2])
    lost = source.open().view().rows(0, 2)
    parked = Lane.stored_as(
        0, KEY, lambda lane, no: lost, Kept(3, source.directory.view(), {}, 3, source.tally)
    )

    with pytest.raises(IndexBrokenError, match="lost rows"):
        parked.open()
