import math
import socket

import pytest

from tests.vizkit.records import event_files, events, last_end, points, run_infos
from vizkit import testing
from vizkit.kinds.runinfo.record import End, Start
from vizkit.testing import make_run, tiny_run


def test_a_free_port_can_be_bound():
    with socket.socket() as server:
        server.bind(("127.0.0.1", testing.free_port()))


def test_waiting_returns_what_came():
    answers = iter([None, 0, "here"])

    assert testing.wait_until(lambda: next(answers), every=0) == "here"


def test_waiting_has_an_end():
    with pytest.raises(TimeoutError, match="Not within"):
        testing.wait_until(lambda: False, timeout=0)


def test_a_made_run_holds_its_points_at_known_times(tmp_path):
    make_run(tmp_path, {"loss": [(0, 1.0), (1, 0.5), (1, 0.25)], "lr": [(1, 0.1)]})

    found = points(tmp_path, "loss")
    assert [(point.step, point.value) for point in found] == [(0, 1.0), (1, 0.5), (1, 0.25)]
    assert found[0].wall_time == testing.STARTED + 0.1
    assert last_end(tmp_path) == End("finished")


def test_a_made_run_may_still_be_running(tmp_path):
    make_run(tmp_path, {"loss": [(0, 1.0)]}, status=None, config={"lr": 1}, total_steps=9)

    (start,) = run_infos(tmp_path)
    assert isinstance(start, Start)
    assert (start.config, start.total_steps) == ({"lr": 1}, 9)


def test_making_a_run_again_adds_a_file(tmp_path):
    make_run(tmp_path, {"loss": [(0, 1.0)]})
    make_run(tmp_path, {"loss": [(1, 1.0)]})

    assert len(event_files(tmp_path)) == 2


def test_the_tiny_run_is_the_same_at_each_call(tmp_path):
    first, second = tiny_run(tmp_path / "a"), tiny_run(tmp_path / "b")

    assert [path.read_bytes() for path in event_files(first)] == [
        path.read_bytes() for path in event_files(second)
    ]


def test_the_tiny_run_has_everything_a_page_shows(tmp_path):
    folder = tiny_run(tmp_path)

    tags = {value.tag for event in events(folder) for value in event.summary.value}
    loss = [point.value for point in points(folder, "loss")]
    assert tags >= {"loss", "val/loss", "lr", "grad_norm", "grad_norm/*", "weight_norm/*"}
    assert tags >= {"update_ratio/*", "_vizkit_/graph", "_vizkit_/run"}
    assert (len(loss), sum(map(math.isnan, loss)), sum(map(math.isinf, loss))) == (200, 1, 1)
