import numpy as np
import pytest

from tests.vizkit.index.batches import INF, NAN, assert_same, batch, everything, put, rows
from vizkit.events.batch import TailState
from vizkit.index.pyramid import CHUNK


def fill(index):
    """Append some of everything: sealed and open chunks, attempts, layouts, special values."""
    generator = np.random.default_rng(0)
    put(index, batch("loss", generator.normal(size=CHUNK + 100)), offset=5)
    put(index, batch("loss", [1, NAN, INF, -INF, 1e300, 0.1], start=50, attempt=1), offset=6)
    put(index, batch("損失/é", [1.5]), run="other", file="b")
    put(index, rows("g/*", "ab", generator.normal(size=(CHUNK + 7, 2))), offset=7)
    put(index, rows("g/*", "bc", [[1, 2]], start=CHUNK + 7, dtype=np.float64), offset=8)


@pytest.mark.parametrize("commits", ["once", "in between", "whole"])
def test_everything_comes_back(open_index, commits):
    with open_index() as index:
        if commits == "in between":
            put(index, batch("loss", [7.0], start=-1))
            index.commit()
        fill(index)
        if commits == "whole":
            index._committer.commit(whole=True)
        before = everything(index)
        states = index.tail_states()

    with open_index() as index:
        assert_same(everything(index), before)
        assert index.tail_states() == states
        assert states["run", "file"] == TailState(offset=8)


def test_a_series_goes_on_after_reopening(open_index):
    values = np.random.default_rng(0).normal(size=3 * CHUNK)

    for start in range(0, len(values), 1000):
        with open_index() as index:
            put(index, batch("loss", values[start : start + 1000], start=start))

    with open_index() as index:
        assert index.read("run", "loss").value.tolist() == values.tolist()
        assert index.runs()[0].points == len(values)


def test_a_journal_is_read_over_chunks_that_were_sealed_since(open_index):
    with open_index() as index:
        for start in range(0, CHUNK + 404, 100):
            put(index, batch("loss", np.arange(start, start + 100.0), start=start))
            index.commit()
        with open_index() as follower:
            assert not follower.leads
            assert follower.read("run", "loss").value.tolist() == list(range(CHUNK + 404))


def test_numbers_of_forgotten_series_are_never_given_again(open_index):
    with open_index() as index:
        put(index, batch("loss", [1]))
        put(index, batch("loss", [1]), run="gone")
        index.forget("gone")

    with open_index() as index:
        put(index, batch("loss", [1]), run="new")
        (lane,) = index._contents.runs["new"].lanes
        assert (index._contents.runs["new"].number, lane.number) == (2, 2)


def test_opening_reads_no_points_of_quiet_series(open_index):
    with open_index() as index:
        put(index, batch("loss", range(100)))

    with open_index() as index:
        (lane,) = index._contents.runs["run"].lanes
        assert lane.parked_rows == 100
        assert len(index.read("run", "loss")) == 100


def test_a_run_forgotten_and_indexed_again_has_its_new_points_only(open_index):
    with open_index() as index:
        put(index, batch("loss", range(10)))
        index.commit()
        index.forget("run")
        put(index, batch("loss", [5, 6]))

    with open_index() as index:
        assert index.read("run", "loss").value.tolist() == [5, 6]
