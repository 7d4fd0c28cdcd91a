import logging
import warnings

import pytest
import torch
from torch import nn

import vizkit
from vizkit.kinds.graph.diff import diff
from vizkit.kinds.graph.words import in_words

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Net(nn.Module):
    """Its forward breaks in two, and its first part fuses."""

    def __init__(self):
        super().__init__()
        self.norm, self.fc = nn.BatchNorm1d(4), nn.Linear(4, 4)

    def forward(self, x):
        y = torch.relu(self.norm(x)).view(-1, 4)
        if y.sum() > 0:
            y = y * 2
        return {"y": self.fc(y).tanh()}


@pytest.fixture(scope="module")
def fused():
    """Return the graphs before and after, and whether compiling changed anything."""
    model, x = Net(), torch.rand(3, 4)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    seed, level = torch.get_rng_state(), logging.getLogger("torch.__trace").level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, after = vizkit.fusion(torch.compile(model), x)
    same = all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    same = same and torch.equal(seed, torch.get_rng_state())
    same = same and logging.getLogger("torch.__trace").level == level
    yield before, after, same and model.training
    torch._dynamo.reset()


@pytest.mark.slow
def test_before_it_is_what_dynamo_saw(fused):
    before, *_ = fused
    ops = [(n.path, n.op) for n in before.nodes if n.order >= 0]
    edges = {(e.src, e.dst) for e in before.edges}

    assert ops == [
        ("norm", "add_"), ("norm", "batch_norm"),
        ("", "relu"), ("", "view"), ("", "sum"), ("", "gt"),
        ("", "mul"), ("fc", "linear"), ("", "tanh"),
    ]  # fmt: skip
    # Over the break too.
    assert edges >= {("/:view", "/:mul"), ("/:mul", "/fc:linear"), ("/:tanh", "output:0")}
    assert ("input:x", "/norm:batch_norm") in edges
    assert {n.name for n in before.nodes if n.kind == "parameter"} == {
        name for name, _ in Net().named_parameters()
    }


@pytest.mark.slow
def test_after_it_is_kernels_with_the_same_operations(fused):
    before, after, *_ = fused
    known = {node.id: node for node in before.nodes}
    running = [node for node in after.nodes if node.order >= 0]
    kernels = {node.id: node.scope for node in running}

    assert after.source == "inductor"
    assert all(known[node.id].path == node.path for node in running)
    assert kernels["/norm:batch_norm"] == kernels["/:relu"] != kernels["/fc:linear"]
    assert set(kernels.values()) == {s.id for s in after.scopes} - {"/"}
    assert dict(running[0].attributes)["kernel"].startswith("cpp_fused_")


@pytest.mark.slow
def test_the_difference_reads_as_fusion(fused):
    before, after, *_ = fused
    words = in_words(diff(before, after))

    assert words[0].startswith("add_ of norm, batch_norm of norm, relu")
    assert words[0].endswith("run as one kernel now")
    assert not any("now runs" in sentence for sentence in words)


@pytest.mark.slow
def test_breaks_are_notes_with_their_line(fused):
    before, *_ = fused
    (told,) = [note for note in before.notes if note.startswith("graph break")]

    assert "test_inductor_graph.py:" in told
    assert "Data-dependent branching" in told


@pytest.mark.slow
def test_nothing_is_changed(fused):
    assert fused[2]


def test_another_backend_makes_no_kernels():
    graph = vizkit.Graph(torch.compile(Net().eval(), backend="eager"), torch.rand(3, 4))
    torch._dynamo.reset()

    assert graph.notes[-1] == "the backend eager makes no kernels: nothing was fused"
    assert "batch_norm" in {node.op for node in graph.nodes}
