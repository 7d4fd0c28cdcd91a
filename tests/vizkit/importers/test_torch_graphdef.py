import pytest
import tensorboardX
import torch
from torch.utils.tensorboard import SummaryWriter

import vizkit
from vizkit.importers.torch_graphdef import NO_SIZES, is_made_by_torch

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")

WRITERS = {"torch": SummaryWriter, "tensorboardX": tensorboardX.SummaryWriter}


@pytest.fixture(params=WRITERS)
def graph(request, model, tmp_path):
    writer = WRITERS[request.param](str(tmp_path / "run"))
    writer.add_graph(model, torch.zeros(1, 3, 8, 8))
    writer.close()
    return vizkit.open_logdir(tmp_path).logged_graphs("run")["graph_def"]


def test_its_parameters_and_buffers_are_those_of_the_model(graph, model):
    stored = {node.name for node in graph.nodes if node.kind in ("parameter", "buffer")}

    assert stored == {n for n in model.state_dict() if not n.endswith("num_batches_tracked")}
    assert graph.notes == (NO_SIZES,)


def test_operations_join_the_modules(graph, by_id):
    ops = [(node.path, node.op) for node in graph.nodes if node.order >= 0]

    assert ops == [
        ("0.conv", "_convolution"),
        ("0.norm", "batch_norm"),
        ("0", "relu"),
        ("1.conv", "_convolution"),
        ("1.norm", "batch_norm"),
        ("1", "relu"),
        ("2", "flatten"),
        ("3", "linear"),
    ]
    assert {(s.path, s.op) for s in graph.scopes} >= {("", "Sequential"), ("1.conv", "Conv2d")}
    assert dict(by_id(graph)["/0/conv:_convolution"].attributes)["stride"] == "[2, 2]"


def test_what_flows_has_a_shape(graph):
    flows = {(edge.src, edge.dst): edge.shape for edge in graph.edges if edge.kind == "data"}

    assert flows["/0:relu", "/1/conv:_convolution"] == (1, 4, 4, 4)
    assert flows["/3:linear", "output:0"] == (1, 2)
    assert len(flows) == 9  # a chain of eight operations, from the input to the output


def test_only_torchs_operations_are_torchs():
    assert not is_made_by_torch([])
