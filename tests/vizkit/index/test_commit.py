import numpy as np

from vizkit.index.catalog import RunState
from vizkit.index.commit import lane_write
from vizkit.index.lane import Lane, LaneKey
from vizkit.index.pyramid import CHUNK

RUN = RunState(3, "run")


def lane(rows):
    grown = Lane(7, LaneKey("run", "loss"), lambda lane, no: None)
    steps = np.arange(rows)
    grown.append(steps, steps * 1.0, steps[:, None].astype(np.float32), 0)
    return grown


def test_new_rows_of_an_open_chunk_go_to_the_journal():
    write = lane_write(RUN, lane(CHUNK + 5), whole=False)

    assert list(write.sealed) == [0]
    assert (write.new.start, len(write.new.rows)) == (CHUNK, 5)
    assert write.open is None
    assert write.record_changes


def test_a_whole_commit_writes_the_open_chunk():
    write = lane_write(RUN, lane(5), whole=True)

    assert (len(write.open), write.covered, write.new) == (5, 5, None)


def test_a_lane_without_anything_new_is_left_out():
    known = lane(5)
    known.stored, known.logged = True, 5

    assert lane_write(RUN, known, whole=False) is None
    assert lane_write(RUN, known, whole=True) is not None
