import numpy as np
import pytest

from tests.vizkit.index.batches import assert_same, batch, everything, payload, put, rows
from vizkit.index.pyramid import CHUNK
from vizkit.kinds.runinfo.record import PLUGIN
from vizkit.testing import wait_until


@pytest.fixture
def leader(open_index):
    with open_index() as opened:
        yield opened


@pytest.fixture
def follower(open_index, leader):
    with open_index() as opened:
        assert leader.leads
        assert not opened.leads
        yield opened


def caught_up(leader, follower):
    """Wait until a follower has what its leader committed, and compare everything."""
    assert leader.commit()
    wait_until(lambda: follower._replica.mark == leader._committer._mark, timeout=20)
    assert_same(everything(follower), everything(leader))


def test_what_is_committed_comes_by_itself(leader, follower):
    told = []
    follower.on_change = told.append

    put(leader, batch("loss", [1, 2]))
    put(leader, rows("g/*", "ab", [[1, 2]]))
    put(leader, payload("weights", "histograms"))
    caught_up(leader, follower)

    assert {("run", "loss"), ("run", "g/a"), ("run", "g/b")} in told
    assert follower.read("run", "loss").value.tolist() == [1, 2]
    assert [row.tag for row in follower.payloads("run", "histograms")] == ["weights"]


def test_only_what_grew_is_told(leader, follower):
    put(leader, batch("loss", [1]))
    put(leader, batch("accuracy", [1]))
    caught_up(leader, follower)
    told = []
    follower.on_change = told.append

    put(leader, batch("loss", [2], start=1))
    caught_up(leader, follower)

    assert [each for each in told if each] == [{("run", "loss")}]


def test_the_state_of_a_run_comes_too(leader, follower):
    put(leader, batch("loss", [1]))
    caught_up(leader, follower)
    before = follower.runs()

    put(leader, payload("_vizkit_/run", PLUGIN, wall_time=9.0))
    put(leader, batch("loss", [2], start=1, attempt=1))
    caught_up(leader, follower)

    assert follower.runs() == leader.runs() != before


def test_it_follows_through_chunks_restarts_layouts_and_removals(leader, follower):
    chance = np.random.default_rng(3)
    at = 0
    for turn in range(60):
        kind = chance.integers(10)
        size = int(chance.choice([1, 50, 700, CHUNK + 3]))
        if kind < 4:
            values = chance.normal(size=size)
            put(leader, batch("loss", values, start=at, attempt=turn // 20), offset=turn)
        elif kind < 7:
            names = ["ab", "abc", "bc"][int(chance.integers(3))]
            values = chance.normal(size=(min(size, 900), len(names)))
            put(leader, rows("g/*", names, values, start=at), run="other", offset=turn)
        elif kind == 7:
            leader.forget(str(chance.choice(["run", "other"])))
        elif kind == 8:
            leader._committer.commit(whole=True)
        at += size
        if chance.random() < 0.5:
            leader.commit()
        if chance.random() < 0.3:
            caught_up(leader, follower)

    caught_up(leader, follower)


def test_a_quiet_series_is_read_although_it_grew_and_was_sealed(leader, open_index):
    put(leader, batch("loss", np.arange(100.0)))
    leader._committer.commit(whole=True)

    with open_index() as late:
        late._keeper.stop()  # it hears of nothing any more
        put(leader, batch("loss", np.arange(100.0, 300.0), start=100))
        leader._committer.commit(whole=True)
        assert late.read("run", "loss").value.tolist() == list(range(100))

    with open_index() as late:
        late._keeper.stop()
        put(leader, batch("loss", np.arange(300.0, 2.0 * CHUNK), start=300))
        leader._committer.commit(whole=True)
        assert late.read("run", "loss").value.tolist() == list(range(300))


def test_one_that_was_left_far_behind_reads_everything_anew(leader, open_index):
    with open_index() as late:
        late._keeper.stop()
        put(leader, batch("loss", [0]))
        leader.commit()
        leader._committer.commit(whole=True, last=True)
        put(leader, batch("loss", [1], start=1))
        leader.commit()

        assert late._replica.news() is None
        late._follow()

        assert_same(everything(late), everything(leader))


def test_when_the_leader_ends_a_follower_goes_on(leader, follower):
    led = []
    follower.on_lead = led.append
    put(leader, batch("loss", [1]), offset=7)

    leader.close()

    wait_until(lambda: led == [True], timeout=20)
    assert follower.leads
    assert follower.tail_states()["run", "file"].offset == 7
    put(follower, batch("loss", [2], start=1), offset=8)
    assert follower.read("run", "loss").value.tolist() == [1, 2]
    assert follower.commit()
