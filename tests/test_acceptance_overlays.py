"""What colours the graph: trained, written, and read back as a viewer reads it."""

import gc
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters

import vizkit
from vizkit.errors import TagNotFoundError

EVERY = 3
ACTIVITY = (
    "activation_mean",
    "activation_std",
    "activation_zeros",
    "activation_nonfinite",
    "forward_ms",
    "backward_ms",
    "memory_bytes",
)


@pytest.fixture(autouse=True)
def _one_thread_and_strict(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch._dynamo.reset()
    counters.clear()


class Net(nn.Module):
    """Half of its units are dead, and one is broken at the step that `breaks`."""

    def __init__(self, breaks=None):
        super().__init__()
        self.breaks, self.calls = breaks, 0
        self.stem = nn.Sequential(nn.Linear(8, 16), nn.ReLU())
        self.head = nn.Linear(16, 3)
        with torch.no_grad():
            self.stem[0].bias[:8] = -100.0

    def forward(self, x):
        self.calls += 1
        scores = self.head(self.stem(x))
        if self.calls - 1 == self.breaks:
            scores = torch.cat([scores[:1] * float("nan"), scores[1:]])
        return scores


def batch(step):
    return torch.randn(32, 8, generator=torch.Generator().manual_seed(step))


def train(model, steps, folder, **options):
    """Train, and return the output of each module at each step, heard with hooks of the test."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    heard = []
    handles = [
        module.register_forward_hook(
            lambda m, i, output, name=name: heard[-1].__setitem__(name, output.detach().clone())
        )
        for name, module in model.named_modules()
    ]
    with vizkit.watch(model, optimizer, logdir=folder, name="run", **options):
        for step in range(steps):
            heard.append({})
            optimizer.zero_grad()
            model(batch(step)).square().mean().backward()
            optimizer.step()
    for handle in handles:
        handle.remove()
    return heard


def test_each_series_has_its_values_at_its_steps(tmp_path):
    model = Net()

    heard = train(model, 8, tmp_path, activations_every=EVERY, budget=None, weights_every=EVERY)

    logdir = vizkit.open_logdir(tmp_path)
    paths = {"": "(model)", "stem": "stem", "stem.0": "stem.0", "stem.1": "stem.1", "head": "head"}
    for name, path in paths.items():
        series = {tag: logdir.series("run", f"{tag}/{path}") for tag in ACTIVITY}
        assert all(list(each.step) == [0, 3, 6] for each in series.values())
        outputs = [heard[step][name].double().numpy() for step in (0, 3, 6)]
        assert_close(series["activation_mean"], [each.mean() for each in outputs])
        assert_close(series["activation_std"], [each.std() for each in outputs])
        assert_close(series["activation_zeros"], [(each == 0).mean() for each in outputs])
        assert_close(series["activation_nonfinite"], [0, 0, 0])
        assert (series["forward_ms"].value > 0).all()
        assert (series["backward_ms"].value > 0).all()
    assert logdir.series("run", "activation_zeros/stem.1").value.min() >= 0.5
    # Inputs of 32 rows of 8 and of 16 numbers; ReLU and head keep the same tensor.
    memory = {
        path: logdir.series("run", f"memory_bytes/{path}").value[0] for path in paths.values()
    }
    stem, head = 32 * 8 * 4, 32 * 16 * 4
    assert memory == {
        "(model)": stem + head,
        "stem": stem + head,
        "stem.0": stem,
        "stem.1": head,
        "head": head,
    }
    for name, _ in model.named_parameters():
        assert len(logdir.series("run", f"grad_norm/{name}").step) == 8
        assert list(logdir.series("run", f"weight_norm/{name}").step) == [0, 3, 6]


def test_the_graph_that_is_traced_beside_it_stays_as_it_is(tmp_path):
    for name, every in (("plain", None), ("beside", 1)):
        torch.manual_seed(0)
        options = {"trace_every": 1, "budget": None, "activations_every": every}
        train(Net(), 3, tmp_path / name, **options)

    plain, beside = (vizkit.open_logdir(tmp_path / name) for name in ("plain", "beside"))
    assert beside.graph("run") == plain.graph("run")
    assert beside.graph_versions("run") == plain.graph_versions("run")


def test_memory_stays_flat_at_each_step_recorded(tmp_path):
    def ours():
        filters = [tracemalloc.Filter(True, "*vizkit/hooks/*")]
        snapshot = tracemalloc.take_snapshot().filter_traces(filters)
        return sum(each.size for each in snapshot.statistics("filename"))

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    sizes = []
    options = {"activations_every": 1, "budget": None, "graph": False}
    with vizkit.Run(tmp_path / "run") as run, vizkit.watch(model, optimizer, run=run, **options):
        for step in range(600):
            if step == 100:
                tracemalloc.start()
            optimizer.zero_grad()
            model(batch(step)).mean().backward()
            optimizer.step()
            if step in (250, 599):
                run.flush()
                gc.collect()
                sizes.append(ours())
        tracemalloc.stop()

    # torch itself keeps some names of nodes that had hooks, a few hundred at most.
    assert sizes[1] - sizes[0] < 20_000


def assert_close(series, expected):
    assert series.value.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_step_that_breaks_shows_where(tmp_path):
    heard = train(Net(breaks=3), 5, tmp_path, activations_every=EVERY, budget=None)

    logdir = vizkit.open_logdir(tmp_path)
    lost = {path: logdir.series("run", f"activation_nonfinite/{path}").value for path in ("head",)}
    assert lost["head"].tolist() == [0, 0]
    assert logdir.series("run", "activation_nonfinite/(model)").value.tolist() == [0, 3]
    finite = heard[3][""][1:].double().numpy()
    assert logdir.series("run", "activation_mean/(model)").value[1] == pytest.approx(finite.mean())
    counts = logdir.series("run", "grad_nonfinite/head.weight")
    # From the step that breaks on, all weights are lost.
    assert counts.step[0] == 3
    assert counts.value[0] == 48
    assert np.isnan(logdir.series("run", "grad_norm/head.weight").value[3])


DDP = """
import sys
import torch, vizkit
from torch import nn
import torch.distributed as dist

rank, folder, store = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(8, 4), nn.ReLU()))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
options = {"logdir": folder, "name": "run", "activations_every": 2, "budget": None}
with vizkit.watch(model, optimizer, **options):
    for step in range(4):
        model(torch.ones(2, 8) * (rank + step + 1)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
print(float(model.module[0].weight.sum()))
dist.destroy_process_group()
"""


def test_two_processes_of_data_parallel_training(tmp_path):
    script = tmp_path / "ddp.py"
    script.write_text(DDP)
    rest = [tmp_path / "runs", tmp_path / "store"]

    processes = [
        subprocess.Popen(
            [sys.executable, script, str(rank), *rest], stdout=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=150)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    assert said[0] == said[1]
    logdir = vizkit.open_logdir(tmp_path / "runs")
    for path in ("(model)", "0", "1"):
        assert list(logdir.series("run", f"activation_mean/{path}").step) == [0, 2]
        assert (logdir.series("run", f"backward_ms/{path}").value > 0).all()
    assert logdir.series("run", "memory_bytes/0").value.tolist() == [64, 64]


def test_a_pair_of_networks_with_an_optimizer_each(tmp_path):
    nets = nn.ModuleDict(
        {"G": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8)), "D": nn.Linear(8, 1)}
    )
    g, d = (torch.optim.SGD(nets[name].parameters(), lr=0.01) for name in "GD")
    with vizkit.watch(nets, [g, d], logdir=tmp_path, name="run", activations_every=2, budget=None):
        for step in range(5):
            real, fake = torch.ones(4, 8), nets["G"](batch(step)[:4, :4])
            d.zero_grad()
            (nets["D"](fake.detach()).mean() - nets["D"](real).mean()).backward()
            d.step()
            g.zero_grad()
            (-nets["D"](fake).mean()).backward()
            g.step()

    logdir = vizkit.open_logdir(tmp_path)
    for path in ("G", "G.0", "G.1", "D"):
        assert list(logdir.series("run", f"activation_std/{path}").step) == [0, 2, 4]
        assert (logdir.series("run", f"backward_ms/{path}").value > 0).all()
    with pytest.raises(TagNotFoundError):
        logdir.series("run", "activation_std/(model)")
