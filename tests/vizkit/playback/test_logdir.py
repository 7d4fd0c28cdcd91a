import math
import os
import shutil
import socket
import time

import numpy as np
import pytest
import tensorboardX
import torch.utils.tensorboard
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

import vizkit
from vizkit.errors import LogdirNotFoundError, RunNotFoundError, TagNotFoundError
from vizkit.events.frames import frame
from vizkit.kinds.graph.module_graph import ModuleGraph, Node
from vizkit.playback.logdir import open_logdir
from vizkit.testing import STARTED, make_run, tiny_run


def points(*pairs):
    return {"loss": list(pairs)}


def test_runs_tell_what_they_are(tmp_path):
    make_run(tmp_path / "a", points((0, 1.0), (7, 0.5)), config={"lr": 0.1}, total_steps=8)
    make_run(tmp_path / "b" / "c", points((0, 1.0)), status="failed", error="boom")

    first, second = open_logdir(tmp_path).runs()

    assert (first.name, first.status, first.first_step, first.last_step) == ("a", "finished", 0, 7)
    assert (first.config, first.total_steps, first.attempts) == ({"lr": 0.1}, 8, 1)
    assert first.started == pytest.approx(STARTED, abs=60)
    assert first.tags == ("loss",)
    assert (second.name, second.status, second.error) == ("b/c", "failed", "boom")


def test_a_run_that_said_no_end_is_stalled(tmp_path):
    make_run(tmp_path / "old", points((0, 1.0)), status=None)

    assert open_logdir(tmp_path).runs()[0].status == "stalled"


def test_a_training_is_running_until_it_is_closed(tmp_path):
    run = vizkit.Run(tmp_path / "live", config={"depth": 3})
    run.log({"loss": 0.1}, step=0)
    run.flush()
    logdir = open_logdir(tmp_path)

    during = logdir.runs()[0]
    run.close()
    after = logdir.runs()[0]

    assert (during.status, after.status) == ("running", "finished")
    assert during.environment["host"] == socket.gethostname()
    assert logdir.series("live", "loss").value.tolist() == [0.1]


def test_every_point_of_torch_is_there(tmp_path):
    with torch.utils.tensorboard.SummaryWriter(tmp_path / "torch") as writer:
        for step in range(300):
            writer.add_scalar("train/loss", step / 7, step, walltime=1e9 + step)
        writer.add_scalar("new", 1.5, 3, new_style=True)
        writer.add_scalar("double", 0.1, 3, new_style=True, double_precision=True)
        writer.add_histogram("weights", np.arange(10.0), 0)
        writer.add_text("note", "hello", 0)

    logdir = open_logdir(tmp_path)
    series = logdir.series("torch", "train/loss")

    assert series.step.tolist() == list(range(300))
    assert series.value.tolist() == np.float32(np.arange(300) / 7).astype(float).tolist()
    assert series.wall_time.tolist() == [1e9 + step for step in range(300)]
    assert logdir.tags("torch") == ["double", "new", "train/loss"]
    assert logdir.series("torch", "double").value.tolist() == [0.1]
    assert logdir.runs()[0].status == "running"
    assert logdir.problems() == []


def test_every_point_of_tensorboardx_is_there(tmp_path):
    with tensorboardX.SummaryWriter(str(tmp_path / "x")) as writer:
        for step in range(300):
            writer.add_scalar("loss", step, step)
            writer.add_scalars("both", {"a": 1.0, "b": 2.0}, step)

    logdir = open_logdir(tmp_path)

    assert logdir.series("x", "loss").value.tolist() == list(range(300))
    assert sum(run.points for run in logdir.runs()) == 900


def test_every_point_of_tensorflow_2_is_there(tmp_path):
    about = SummaryMetadata(data_class=1)
    about.plugin_data.plugin_name = "scalars"
    tensors = [
        TensorProto(dtype=1, tensor_shape=TensorShapeProto(), float_val=[step / 2])
        for step in range(100)
    ]
    values = [
        Summary.Value(tag="epoch_loss", tensor=tensor, metadata=None if step else about)
        for step, tensor in enumerate(tensors)
    ]
    events = [
        Event(wall_time=1e9, step=step, summary=Summary(value=[value]))
        for step, value in enumerate(values)
    ]
    (tmp_path / "train").mkdir()
    path = tmp_path / "train" / "events.out.tfevents.1.h.1.0.v2"
    path.write_bytes(b"".join(frame(event.SerializeToString()) for event in events))

    series = open_logdir(tmp_path).series("train", "epoch_loss")

    assert series.value.tolist() == [step / 2 for step in range(100)]


def test_vectors_are_series(tmp_path):
    tiny_run(tmp_path)
    logdir = open_logdir(tmp_path)
    (run,) = logdir.runs()

    norms = [tag for tag in logdir.tags(run.name) if tag.startswith("grad_norm/")]

    assert "grad_norm/fc1.weight" in norms
    assert len(logdir.series(run.name, norms[0])) > 1


def test_numbers_come_back_exactly(tmp_path):
    values = [0.1, math.pi, math.nan, math.inf, -math.inf, 1e300, -0.0, 5e-324]
    with vizkit.Run(tmp_path / "a") as run:
        for step, value in enumerate(values):
            run.log({"x": value}, step=step)

    read = open_logdir(tmp_path).series("a", "x").value

    assert repr(read.tolist()) == repr(values)


def test_a_restart_covers_what_it_wrote_anew_and_keeps_the_rest(tmp_path):
    make_run(tmp_path / "a", points(*((step, 0.0) for step in range(10))))
    make_run(tmp_path / "a", points((6, 1.0), (7, 1.0)), started=STARTED + 9000)

    series = open_logdir(tmp_path).series("a", "loss")

    assert series.step.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert series.value.tolist() == [0.0] * 6 + [1.0] * 2
    assert series.attempt.tolist() == [0] * 6 + [1] * 2
    assert len(series.all) == 12
    assert open_logdir(tmp_path).runs()[0].attempts == 2


def test_late_points_land_at_their_steps(tmp_path):
    with vizkit.Run(tmp_path / "a") as run:
        for step in [0, 10, 20, 5, 30, 5]:
            run.log({"x": float(step)}, step=step)

    series = open_logdir(tmp_path).series("a", "x")

    assert series.step.tolist() == [0, 5, 5, 10, 20, 30]
    assert series.all.step.tolist() == [0, 10, 20, 5, 30, 5]


def test_the_graph_comes_back(tmp_path):
    graph = ModuleGraph((Node("", "Net", "", "module", "Net"),))
    make_run(tmp_path / "a", {"loss": [(0, 1.0), (9, 1.0)]})
    with vizkit.Run(tmp_path / "b") as run:
        run.log({"_vizkit_/graph": graph, "loss": 0.0}, step=0)
        run.log({"loss": 0.0}, step=9)
    logdir = open_logdir(tmp_path)

    (version,) = logdir.graph_versions("b")

    assert logdir.graph("b") == logdir.graph("b", version=1) == graph
    assert (version.first_step, version.last_step, version.count) == (0, 9, 1)
    assert logdir.graph_versions("a") == []
    with pytest.raises(TagNotFoundError, match="has no graph"):
        logdir.graph("a")
    with pytest.raises(TagNotFoundError, match="no graph version 2"):
        logdir.graph("b", version=2)


def test_opening_again_reads_only_new_bytes(tmp_path):
    run = vizkit.Run(tmp_path / "a")
    run.log({"x": 1.0}, step=0)
    run.flush()
    logdir = open_logdir(tmp_path)
    before = logdir.series("a", "x")

    run.log({"x": 2.0}, step=1)
    run.close()

    assert open_logdir(tmp_path) is logdir
    assert before.value.tolist() == [1.0]
    assert logdir.series("a", "x").value.tolist() == [1.0, 2.0]


def test_replaced_and_deleted_runs_are_noticed(tmp_path):
    path = make_run(tmp_path / "a", points((0, 1.0), (1, 2.0)))
    make_run(tmp_path / "b", points((0, 1.0)))
    logdir = open_logdir(tmp_path)
    logdir.runs()

    other = make_run(tmp_path / "c", points((5, 5.0)))
    other.replace(path)
    shutil.rmtree(tmp_path / "b")

    assert logdir.series("a", "loss").step.tolist() == [5]
    assert [run.name for run in logdir.runs()] == ["a"]


def test_damage_is_told_and_the_rest_read(tmp_path):
    path = make_run(tmp_path / "a", points(*((step, 1.0) for step in range(50))))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    logdir = open_logdir(tmp_path)

    assert len(logdir.series("a", "loss")) == 49
    (problem,) = logdir.problems()
    assert problem.path == str(path)
    assert "1 damaged place, " in problem.message


def test_what_is_not_there_is_said_with_what_is(tmp_path):
    make_run(tmp_path / "digits", {"train/loss": [(0, 1.0)]})
    logdir = open_logdir(tmp_path)

    with pytest.raises(LogdirNotFoundError, match="does not exist. Log into it with"):
        open_logdir(tmp_path / "nowhere")
    with pytest.raises(LogdirNotFoundError, match="is a file, not a folder"):
        open_logdir(next((tmp_path / "digits").iterdir()))
    with pytest.raises(RunNotFoundError, match="No run 'digit' under .*; there is 'digits'."):
        logdir.tags("digit")
    with pytest.raises(TagNotFoundError, match="no series 'loss'; there is 'train/loss'."):
        logdir.series("digits", "loss")


def test_an_empty_logdir_has_no_runs(tmp_path):
    logdir = open_logdir(tmp_path)

    assert logdir.runs() == []
    with pytest.raises(RunNotFoundError, match="there are none yet"):
        logdir.tags("a")


def test_a_run_of_another_writer_that_is_silent_is_finished(tmp_path):
    (tmp_path / "a").mkdir()
    event = Event(wall_time=1e9, summary=Summary(value=[Summary.Value(tag="x", simple_value=1)]))
    path = tmp_path / "a" / "events.out.tfevents.1.h"
    path.write_bytes(frame(event.SerializeToString()))
    logdir = open_logdir(tmp_path)

    fresh = logdir.runs()[0].status
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))

    assert (fresh, logdir.runs()[0].status) == ("running", "finished")
