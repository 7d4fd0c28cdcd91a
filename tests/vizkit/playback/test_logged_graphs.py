import json
from contextlib import ExitStack

import pytest
import torch
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from torch.utils.tensorboard import SummaryWriter

import vizkit
from vizkit.errors import GraphFileError, RunNotFoundError, TagNotFoundError
from vizkit.events.discover import find_runs
from vizkit.kinds.graph.graph import Graph, Node
from vizkit.kinds.graph.versions import VERSION_TAG, Version
from vizkit.playback.logged_graphs import decoded, logged_graph, logged_graphs_of
from vizkit.playback.scratch import scratch_index

MODEL = {
    "class_name": "Sequential",
    "config": {"name": "seq", "layers": [{"class_name": "Dense", "config": {"name": "d"}}]},
}


def graph(*ops):
    nodes = [Node(f":{op}", "op", op, op, order=order) for order, op in enumerate(ops)]
    return Graph(tuple(nodes), source="export")


def keras_event(step, tag="keras"):
    """Return the event of keras.callbacks.TensorBoard (its summary_ops: keras_model).

    `plugin_name = "graph_keras_model"`, `content = b"1"`, and a string tensor of `to_json()`.
    """
    plugin = SummaryMetadata.PluginData(plugin_name="graph_keras_model", content=b"1")
    tensor = TensorProto(dtype=7, string_val=[json.dumps(MODEL).encode()])
    value = Summary.Value(tag=tag, tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))
    return Event(step=step, wall_time=1.0, summary=Summary(value=[value]))


def traced_event():
    """Return the event of tf.summary.trace_export (its summary_ops: run_metadata_graphs)."""
    graphs = RunMetadata.FunctionGraphs(
        pre_optimization_graph=GraphDef(node=[NodeDef(name="a", op="Relu")])
    )
    content = RunMetadata(function_graphs=[graphs]).SerializeToString()
    plugin = SummaryMetadata.PluginData(plugin_name="graph_run_metadata_graph", content=b"1")
    tensor = TensorProto(dtype=7, string_val=[content])
    value = Summary.Value(tag="traced", tensor=tensor, metadata=SummaryMetadata(plugin_data=plugin))
    return Event(step=2, wall_time=1.0, summary=Summary(value=[value]))


def written(folder, *events):
    writer = EventFileWriter(str(folder))
    for event in events:
        writer.add_event(event)
    writer.close()


@pytest.fixture
def filled(logdir):
    """Return a function that reads what is in the LOGDIR into an index."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(scratch_index(logdir, find_runs(logdir).runs))


def test_graphs_logged_by_name(filled, logdir):
    with vizkit.Run(logdir / "a") as run:
        run.log({"graph": graph("relu")}, 0)
        run.log({"graph": graph("relu", "exp"), "other": graph("sin")}, 5)
    index = filled()

    assert logged_graphs_of(index, "a", None) == [
        ("graph", 5, "export", 2),
        ("other", 5, "export", 1),
    ]
    assert logged_graphs_of(index, "a", 4) == [("graph", 0, "export", 1)]
    assert logged_graph(index, "a", "graph", 4) == graph("relu")
    assert logged_graph(index, "a", "graph", None) == graph("relu", "exp")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_torchs_writer_adds(filled, logdir):
    with SummaryWriter(str(logdir / "a")) as writer:
        writer.add_graph(torch.nn.Linear(2, 3), torch.zeros(1, 2))
    index = filled()
    found = logged_graph(index, "a", "graph_def", None)

    assert logged_graphs_of(index, "a", None) == [("graph_def", 0, "tensorflow", 5)]
    assert {node.id for node in found.nodes} >= {"parameter:weight", "parameter:bias", "/:linear"}
    assert vizkit.open_logdir(logdir).logged_graphs("a") == {"graph_def": found}


def test_a_keras_model_of_its_callback(filled, logdir):
    written(logdir / "a", keras_event(0))

    assert logged_graphs_of(filled(), "a", None) == [("keras", 0, "keras", 3)]


def test_what_tf_function_was_traced_to(filled, logdir):
    written(logdir / "a", traced_event())

    assert logged_graphs_of(filled(), "a", None) == [("traced", 2, "tensorflow", 1)]


def test_a_large_graph_is_left_in_its_file_until_it_is_asked_for(filled, logdir):
    nodes = [NodeDef(name=f"{'n' * 100}{k}", op="Op") for k in range(5_000)]
    content = GraphDef(node=nodes).SerializeToString()
    written(logdir / "a", Event(wall_time=1.0, graph_def=content))
    index = filled()

    assert logged_graphs_of(index, "a", None) == [("graph_def", 0, "tensorflow", None)]
    assert len(logged_graph(index, "a", "graph_def", None).nodes) == 5_000
    assert len(vizkit.open_logdir(logdir).logged_graphs("a")["graph_def"].nodes) == 5_000


def test_one_that_cannot_be_read_is_named_and_hides_no_other(filled, logdir):
    written(logdir / "a", Event(wall_time=1.0, graph_def=b"\xff\xff"), keras_event(1))
    index, folder = filled(), vizkit.open_logdir(logdir)

    assert logged_graphs_of(index, "a", None)[0] == ("graph_def", 0, "tensorflow", None)
    with pytest.raises(GraphFileError, match="vizkit doctor"):
        logged_graph(index, "a", "graph_def", None)
    assert list(folder.logged_graphs("a")) == ["keras"]
    assert list(folder.logged_graphs("a")) == ["keras"]
    assert len([p for p in folder.problems() if "__run_graph__" in p.message]) == 1


def test_what_is_not_there(filled, logdir):
    with vizkit.Run(logdir / "a") as run:
        run.log({"loss": 1.0}, 0)
    index = filled()

    assert logged_graphs_of(index, "a", None) == []
    with pytest.raises(TagNotFoundError, match="no graph 'x'"):
        logged_graph(index, "a", "x", None)
    with pytest.raises(RunNotFoundError):
        logged_graphs_of(index, "b", None)


def test_what_was_read_is_kept():
    data = GraphDef(node=[NodeDef(name="a", op="Op")]).SerializeToString()

    assert decoded("graphs", data) is decoded("graphs", data)


def test_what_ran_is_not_logged_by_name_for_being_shown_to_tensorboard_too(tmp_path):
    graph = Graph((Node("a", "op", "Mul", "Mul"),), rolled="r")
    with vizkit.Run(tmp_path / "run") as run:
        run.log({VERSION_TAG: Version(0, graph)}, step=0)
    logdir = vizkit.open_logdir(tmp_path)

    assert logdir.logged_graphs("run") == {}
    assert len(logdir.graph_versions("run")) == 1
