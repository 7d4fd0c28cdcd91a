import threading
from argparse import Namespace
from dataclasses import dataclass

import numpy as np
import pytest

from tests.vizkit.records import (
    event_files,
    events,
    exact_values,
    last_end,
    payloads,
    points,
    run_infos,
)
from vizkit import Run, Vector
from vizkit.errors import RunFolderError, VizkitWarning
from vizkit.kinds.runinfo.record import End, Start
from vizkit.run import as_mapping
from vizkit.testing import tiny_graph, wait_until


@pytest.fixture
def run(tmp_path):
    with Run(tmp_path / "digits") as run:
        yield run


def test_what_is_logged_can_be_read_within_moments(run):
    run.log({"loss": 0.1}, step=3)

    wait_until(lambda: points(run.folder, "loss"), timeout=5)
    assert exact_values(run.folder, "loss") == [0.1]


def test_a_point_keeps_its_step_and_its_wall_time(run):
    run.log({"loss": 0.5}, step=-7, wall_time=12.5)
    run.flush()

    (point,) = points(run.folder, "loss")
    assert (point.step, point.wall_time, point.value) == (-7, 12.5, 0.5)


def test_without_a_step_the_next_one_is_taken(tmp_path):
    with Run(tmp_path, start_step=10) as run:
        assert run.last_step is None
        for step in (None, None, 20, None):
            run.log({"loss": 0.5}, step)

    assert [point.step for point in points(tmp_path, "loss")] == [10, 11, 20, 21]
    assert run.last_step == 21


@pytest.mark.parametrize("step", [7, 7.0, np.int32(7), np.float32(7), np.uint8(7)])
def test_every_integral_step_is_taken(run, step):
    run.log({"loss": 0.5}, step)
    run.flush()

    assert points(run.folder, "loss")[0].step == 7


def test_a_tensor_is_a_step_too(run):
    torch = pytest.importorskip("torch")
    run.log({"loss": 0.5}, torch.tensor(7))
    run.flush()

    assert points(run.folder, "loss")[0].step == 7


def test_a_fractional_step_is_cut_with_a_warning_that_points_at_the_call(run):
    with pytest.warns(VizkitWarning, match="7.5 is no integer; it is cut to 7") as caught:
        run.log({"loss": 0.5}, 7.5)
    run.flush()

    assert points(run.folder, "loss")[0].step == 7
    assert caught[0].filename == __file__


@pytest.mark.parametrize("step", ["seven", float("nan"), 1j, [7]])
def test_what_is_no_step_leaves_the_call_out(run, step):
    with pytest.warns(VizkitWarning, match="is left out"):
        run.log({"loss": 0.5}, step)


@pytest.mark.parametrize("value", ["0.5", 1j, None, [1.0], np.zeros(3)])
def test_a_bad_value_is_left_out_with_its_tag_and_the_others_are_kept(run, value):
    with pytest.warns(VizkitWarning, match="'bad' is left out") as caught:
        run.log({"bad": value, "loss": 0.5}, 1)
    run.flush()

    tags = {each.tag for event in events(run.folder) for each in event.summary.value}
    assert ("loss" in tags, "bad" in tags) == (True, False)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("values", [None, 3, "loss", ["loss"]])
def test_what_is_no_mapping_is_left_out_with_a_warning(run, values):
    with pytest.warns(VizkitWarning, match="is left out"):
        run.log(values, 1)


def test_a_bad_value_raises_in_strict_mode(run, monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")

    with pytest.raises(TypeError, match="not a real number"):
        run.log({"bad": "text"})


def test_changing_the_mapping_after_the_call_changes_nothing(run):
    values = {"loss": 0.5}
    run.log(values, 1)
    values["loss"] = 9.0
    run.flush()

    assert exact_values(run.folder, "loss") == [0.5]


def test_changing_a_tensor_after_the_call_changes_nothing(run):
    torch = pytest.importorskip("torch")
    loss, norms = torch.tensor(0.5), torch.tensor([1.0, 2.0])
    run.log({"loss": loss, "norm": Vector(("a", "b"), norms)}, 1)
    loss.zero_()
    norms.zero_()
    run.flush()

    assert exact_values(run.folder, "loss") == [0.5]
    assert np.frombuffer(_tensor(run, "norm/*").tensor_content, "<f4").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("tag", ["損失/訓練", "perte é", "a\nb", "\U0001f600", "../../up"])
def test_every_text_is_a_tag(run, tag):
    run.log({tag: 0.5}, 1)
    run.flush()

    assert exact_values(run.folder, tag) == [0.5]


def test_nan_and_infinities_are_kept(run):
    for number in (float("nan"), float("inf"), float("-inf")):
        run.log({"loss": number})
    run.flush()

    assert str(exact_values(run.folder, "loss")) == "[nan, inf, -inf]"


def test_a_module_graph_is_logged_like_a_value(run):
    run.log({"graph": tiny_graph()}, 0)
    run.flush()

    assert _tensor(run, "_vizkit_/graph").string_val


def test_frozen_values_take_the_short_way(run):
    run.log_frozen(4, 12.5, {"loss": 0.5})
    run.flush()

    assert (points(run.folder, "loss")[0].step, run.last_step) == (4, 4)


def test_several_threads_log_at_once_and_nothing_is_lost(run):
    def log_all(name):
        for step in range(3_000):
            run.log({name: float(step)}, step)

    threads = [threading.Thread(target=log_all, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.flush()

    for n in range(4):
        assert exact_values(run.folder, f"t{n}") == list(range(3_000))


def test_a_burst_is_written_whole(run):
    for step in range(60_000):
        run.log({"loss": 0.5}, step)
    run.flush()

    data = event_files(run.folder)[0].read_bytes()
    assert sum(1 for _ in payloads(data)) >= 60_000


def test_a_run_that_ends_well_is_finished(tmp_path):
    with Run(tmp_path) as run:
        run.log({"loss": 0.5})

    assert last_end(tmp_path) == End("finished")


def test_an_exception_makes_the_run_failed_and_passes_on(tmp_path):
    def train():
        with Run(tmp_path) as run:
            run.log({"loss": 0.5})
            raise ValueError("the loss exploded")

    with pytest.raises(ValueError, match="exploded"):
        train()

    assert last_end(tmp_path) == End("failed", "ValueError: the loss exploded")
    assert exact_values(tmp_path, "loss") == [0.5]


def test_logging_after_the_end_warns_once_and_writes_nothing(tmp_path):
    run = Run(tmp_path)
    run.close()
    run.close()

    with pytest.warns(VizkitWarning, match="is closed") as caught:
        _log_three_times(run)

    assert (len(caught), points(tmp_path, "loss")) == (1, [])
    assert not run.flush()


def test_the_first_words_of_a_run_are_config_and_environment(tmp_path):
    with Run(tmp_path, config={"lr": 0.1}, start_step=5, total_steps=9, rank=2):
        pass

    start = run_infos(tmp_path)[0]
    assert isinstance(start, Start)
    assert (start.config, start.start_step, start.total_steps) == ({"lr": 0.1}, 5, 9)
    assert start.environment.rank == 2
    assert start.environment.host


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(RunFolderError, match="pass another folder"):
        Run(tmp_path / "file" / "run")


def test_a_restarted_run_adds_a_file(tmp_path):
    for start in (0, 10):
        with Run(tmp_path, start_step=start) as run:
            run.log({"loss": 0.5})

    assert [point.step for point in points(tmp_path, "loss")] == [0, 10]
    assert len(event_files(tmp_path)) == 2


def test_a_run_stays_where_it_began_when_the_working_folder_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Run("runs/a") as run:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        run.log({"loss": 0.5})

    assert (run.name, run.folder) == ("a", tmp_path / "runs" / "a")
    assert exact_values(tmp_path / "runs", "loss") == [0.5]


@dataclass
class Config:
    lr: float = 0.1


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, {}),
        ({"lr": 0.1}, {"lr": 0.1}),
        (Config(), {"lr": 0.1}),
        (Namespace(lr=0.1), {"lr": 0.1}),
        (3, {"config": 3}),
    ],
)
def test_a_config_may_have_many_shapes(config, expected):
    assert as_mapping(config) == expected


def _log_three_times(run):
    for _ in range(3):
        run.log({"loss": 0.5})


def _tensor(run, tag):
    return next(
        value.tensor
        for event in events(run.folder)
        for value in event.summary.value
        if value.tag == tag
    )
