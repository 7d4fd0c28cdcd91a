import sys

import pytest
import torch
from torch import fx, nn

import vizkit
from vizkit.errors import GraphFileError, UsageError
from vizkit.hooks.static_graph import NO_INPUTS, inputs_of
from vizkit.kinds.graph import codec

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
X = torch.ones(4, 3)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.norm, self.drop = nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout()

    def forward(self, x, scale=None):
        y = self.drop(self.norm(self.fc(x)))
        return y if scale is None else y * scale


class Refused(Net):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else x


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        raise OSError("no such thing")


def ops(graph):
    return [(node.path, node.op) for node in graph.nodes if node.order >= 0]


def test_a_module_is_exported():
    graph = vizkit.Graph(Net().eval(), X)

    assert graph.source == "export"
    assert ops(graph) == [("fc", "linear"), ("norm", "batch_norm"), ("drop", "dropout")]
    assert graph.notes == ()


@pytest.mark.parametrize("kind", [Net, Refused, Broken])
def test_nothing_of_the_model_is_changed(kind):
    model = kind()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state, threads = torch.get_rng_state(), torch.get_num_threads()

    vizkit.Graph(model, X)

    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.get_num_threads() == threads


def test_a_model_that_export_refuses_is_run(capsys):
    graph = vizkit.Graph(Refused(), X)

    assert graph.source == "dynamic"
    assert graph.notes[0].startswith("torch.export cannot express this model: Could not guard")
    assert ("fc", "Addmm") in ops(graph)
    assert capsys.readouterr() == ("", "")


def test_a_model_that_cannot_be_run_shows_its_modules():
    graph = vizkit.Graph(Broken(), X)

    assert ops(graph) == [("fc", "Linear")]
    assert graph.notes[1] == "the model cannot be run either: no such thing"


def test_without_inputs_there_are_the_modules():
    graph = vizkit.Graph(Net())

    assert graph.notes == (NO_INPUTS,)
    assert ops(graph) == [("fc", "Linear"), ("norm", "BatchNorm1d"), ("drop", "Dropout")]


def test_keywords():
    assert ("", "mul") in ops(vizkit.Graph(Net(), X, {"scale": torch.ones(3)}))
    assert ("", "mul") in ops(vizkit.Graph(Net(), None, {"x": X, "scale": torch.ones(3)}))
    assert inputs_of([X, X], None) == ((X, X), {})
    assert inputs_of(None, None) is None


def test_wrappers_are_looked_through(tmp_path):
    torch.distributed.init_process_group("gloo", f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        graph = vizkit.Graph(nn.parallel.DistributedDataParallel(Net().eval()), X)
    finally:
        torch.distributed.destroy_process_group()

    assert ops(graph) == ops(vizkit.Graph(Net().eval(), X))


def test_exported_scripted_and_traced_ones(tmp_path):
    model = Net().eval()
    program = torch.export.export(model, (X,), strict=False)
    torch.export.save(program, tmp_path / "net.pt2")

    assert vizkit.Graph(program) == vizkit.Graph(tmp_path / "net.pt2") == vizkit.Graph(model, X)
    assert vizkit.Graph(torch.jit.script(nn.Sequential(nn.ReLU()))).source == "torchscript"
    traced = vizkit.Graph(fx.symbolic_trace(nn.Sequential(nn.Linear(3, 2))), X)
    assert (traced.source, ops(traced)) == ("fx", [("0", "Linear")])
    assert traced.nodes[0].shapes == ((4, 2),)


def test_it_is_logged_and_read_back(tmp_path):
    graph = vizkit.Graph(Net().eval(), X)
    with vizkit.Run(tmp_path / "run") as run:
        run.log({"graph": graph}, 0)

    assert vizkit.open_logdir(tmp_path).logged_graphs("run") == {"graph": graph}
    assert codec.decode(codec.encode(graph)) == graph


@pytest.mark.parametrize("model", [3, None, [nn.Linear(1, 1)], nn.Linear])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(UsageError, match=r"vizkit.Graph takes a module, .*path of a file"):
        vizkit.Graph(model, X)


def test_other_mistakes():
    with pytest.raises(GraphFileError, match="does not exist"):
        vizkit.Graph("gone.pt2")
    with pytest.raises(UsageError, match="example_kwargs is a dict"):
        vizkit.Graph(Net(), X, 3)
    with pytest.raises(UsageError, match=r"vizkit.fusion\(torch.compile\(model\), example_inputs"):
        vizkit.fusion(Net())


def test_a_compiler_that_fails_leaves_the_graph(monkeypatch):
    def failing(module, inputs):
        raise RuntimeError("no compiler here")

    before, after = vizkit.fusion(torch.compile(Net().eval(), backend=failing), X)

    # A backend that is not ours to call: only its name is told.
    assert ops(before) == ops(after)
    assert "makes no kernels" in after.notes[-1]


def test_importing_vizkit_loads_no_torch():
    import subprocess

    code = "import sys, vizkit; print(vizkit.Graph, vizkit.fusion, 'torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert found.stdout.strip().endswith("False")
