"""Five ways to get a NaN, planted: the finding names it, and the training is as ever."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import vizkit
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph.graph import Graph
from vizkit.playback.logdir import open_logdir

BAD_STEP = 3


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch._dynamo.utils.counters.clear()  # nothing is run again in a process that compiled
    yield
    torch.set_num_threads(before)


def line() -> int:
    return sys._getframe(1).f_lineno


class Planted(nn.Module):
    """A model with BatchNorm and Dropout whose `odd` part misbehaves at step BAD_STEP."""

    def __init__(self, odd: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
        self.odd = odd
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.odd(self.body(x)))
        return out


class Odd(nn.Module):
    line = 0
    step = 0

    def forward(self, x: Tensor) -> Tensor:
        return self.odd(x) if self.step == BAD_STEP else x

    def odd(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class LogOfNegative(Odd):
    def odd(self, x: Tensor) -> Tensor:
        type(self).line = line() + 1
        return torch.log(x - 100.0)


class MaskedRoot(Odd):
    """sqrt at 0 behind a mask: finite forward, NaN backward."""

    def odd(self, x: Tensor) -> Tensor:
        kept = x.clamp(min=0.0)
        type(self).line = line() + 1
        root = torch.sqrt(kept)
        return torch.where(kept > 0, root, torch.zeros_like(root))


class Overflow(Odd):
    def odd(self, x: Tensor) -> Tensor:
        type(self).line = line() + 1
        return torch.matmul(x * 1e4, torch.full((8, 8), 1e4))


class Same(Odd):
    def odd(self, x: Tensor) -> Tensor:
        return x


def plain_loss(out: Tensor, y: Tensor, bad: bool) -> Tensor:
    share = torch.softmax(out, -1)[torch.arange(len(y)), y]
    if bad:
        share = share * 0.0
    return -torch.log(share).mean()


LOSS_LINE = plain_loss.__code__.co_firstlineno + 4


def train(
    odd: Odd,
    folder: Path | None,
    *,
    nan_origin: bool = True,
    half: torch.dtype | None = None,
    bad_loss: bool = False,
    bad_sample: bool = False,
    steps: int = 6,
    **options: Any,
) -> dict[str, Any]:
    """Train, perhaps watched into `folder`; return all that a training leaves behind."""
    torch.manual_seed(0)
    random.seed(0)
    x, y = torch.randn(steps, 16, 4), torch.randint(2, (steps, 16))
    if bad_sample:
        x[BAD_STEP, [5, 11], 2] = math.nan
    model = Planted(odd)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    watch = None
    if folder is not None:
        watch = vizkit.watch(
            model, optimizer, logdir=folder, name="run", nan_origin=nan_origin, **options
        )
    losses = []
    for step in range(steps):
        odd.step = step
        optimizer.zero_grad()
        with torch.autocast("cpu", half or torch.bfloat16, enabled=half is not None):
            out = model(x[step])
        loss = plain_loss(out.float(), y[step], bad_loss and step == BAD_STEP)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if watch is not None:
        watch.close()
    grads = {name: p.grad for name, p in model.named_parameters()}
    return {
        "losses": torch.tensor(losses),
        **model.state_dict(),
        **{f"grad {name}": grad for name, grad in grads.items()},
        "rng": torch.get_rng_state(),
        "random": torch.tensor(random.random()),
        "training": torch.tensor([module.training for module in model.modules()]),
    }


def found(folder: Path) -> Finding:
    (only,) = open_logdir(folder).findings("run")
    return only


def at(cls: type[Odd]) -> str:
    return f"{Path(__file__).relative_to(Path.cwd())}:{cls.line}"


def test_the_log_of_a_negative_number_is_named(tmp_path: Path) -> None:
    train(LogOfNegative(), tmp_path)

    finding = found(tmp_path)
    assert (finding.step, finding.op, finding.paths) == (BAD_STEP, "log", ("odd",))
    assert finding.source == at(LogOfNegative)
    assert finding.evidence["phase"] == "forward"
    assert finding.evidence["inputs"][0]["max"] < 0
    assert "head" in finding.spread
    assert finding.node.endswith("/odd:Log")
    assert finding.tags == ("loss", "grad_norm")
    assert "notes" not in finding.evidence


def test_a_root_of_zero_behind_a_mask_is_named_though_the_forward_pass_is_finite(
    tmp_path: Path,
) -> None:
    result = train(MaskedRoot(), tmp_path)

    finding = found(tmp_path)
    assert math.isfinite(result["losses"][BAD_STEP])
    assert (finding.step, finding.op, finding.paths) == (BAD_STEP, "sqrt", ("odd",))
    assert finding.source == at(MaskedRoot)
    assert finding.evidence["phase"] == "backward"
    assert finding.node.endswith("/odd:Sqrt")
    assert finding.tags == ("grad_norm",)
    assert set(finding.parameters) == {
        *("body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"),
    }
    assert "notes" not in finding.evidence


def test_a_log_of_zero_in_a_loss_outside_of_the_model_is_named(tmp_path: Path) -> None:
    train(Same(), tmp_path, bad_loss=True)

    finding = found(tmp_path)
    assert (finding.step, finding.op, finding.paths) == (BAD_STEP, "log", ())
    assert finding.source == f"{Path(__file__).relative_to(Path.cwd())}:{LOSS_LINE}"
    assert finding.evidence["phase"] == "loss"
    assert finding.evidence["inputs"][0]["max"] == 0
    assert "outside of the model" in finding.sentence


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_an_overflow_under_autocast_is_named(tmp_path: Path, half: torch.dtype) -> None:
    class Larger(Overflow):
        def odd(self, x: Tensor) -> Tensor:
            type(self).line = line() + 1
            return torch.matmul(x * 1e20, torch.full((8, 8), 1e20))

    odd = Overflow() if half is torch.float16 else Larger()
    train(odd, tmp_path, half=half)

    finding = found(tmp_path)
    assert (finding.step, finding.op, finding.paths) == (BAD_STEP, "matmul", ("odd",))
    assert finding.source == at(type(odd))
    assert finding.evidence["dtype"] == str(half).removeprefix("torch.")
    assert finding.evidence["made"] == "infinity" or finding.evidence["made"] == "NaN"
    assert "float32" in finding.sentence


def test_a_sample_that_came_in_broken_is_named_by_its_place_in_the_batch(tmp_path: Path) -> None:
    train(Same(), tmp_path, bad_sample=True)

    finding = found(tmp_path)
    assert (finding.step, finding.evidence["came_from"]) == (BAD_STEP, "data")
    assert finding.evidence["samples"] == [5, 11]
    assert finding.evidence["batch"] == 16
    assert (finding.op, finding.paths) == ("linear", ("body.0",))
    assert "samples 5, 11 of 16" in finding.sentence


CASES: dict[str, Callable[[], tuple[Odd, dict[str, Any]]]] = {
    "healthy": lambda: (Same(), {}),
    "forward": lambda: (LogOfNegative(), {}),
    "backward": lambda: (MaskedRoot(), {}),
    "loss": lambda: (Same(), {"bad_loss": True}),
    "autocast": lambda: (Overflow(), {"half": torch.float16}),
    "data": lambda: (Same(), {"bad_sample": True}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("nan_origin", [False, True])
def test_a_training_is_the_same_bit_for_bit_with_and_without(
    tmp_path: Path, case: str, nan_origin: bool
) -> None:
    odd, options = CASES[case]()
    alone = train(odd, None, **options)
    odd, options = CASES[case]()
    watched = train(odd, tmp_path, nan_origin=nan_origin, **options)

    assert alone.keys() == watched.keys()
    for name, value in alone.items():
        assert (value is None) == (watched[name] is None), name
        if value is not None:
            assert torch.equal(_bits(value), _bits(watched[name])), name


def _bits(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


@pytest.mark.parametrize("case", ["forward", "backward", "loss", "data"])
def test_without_a_search_the_finding_says_what_is_known_for_free(
    tmp_path: Path, case: str
) -> None:
    odd, options = CASES[case]()
    train(odd, tmp_path, nan_origin=False, **options)

    finding = found(tmp_path)
    assert finding.step == BAD_STEP
    assert "nan_origin=True" in finding.sentence
    assert (finding.op, finding.source) == ("", "")


@pytest.mark.parametrize("case", ["forward", "backward", "loss", "data"])
def test_tracing_and_activity_at_the_same_step_change_nothing_of_it(
    tmp_path: Path, case: str
) -> None:
    odd, options = CASES[case]()
    alone = train(odd, None, **options)
    odd, options = CASES[case]()
    watched = train(odd, tmp_path, trace_every=1, activations_every=1, budget=None, **options)

    finding = found(tmp_path)
    ops = {"forward": "log", "backward": "sqrt", "loss": "log", "data": "linear"}
    assert (finding.step, finding.op) == (BAD_STEP, ops[case])
    assert "notes" not in finding.evidence
    graph = open_logdir(tmp_path).graph("run")
    assert isinstance(graph, Graph)
    for name, value in alone.items():
        if value is not None:
            assert torch.equal(_bits(value), _bits(watched[name])), name


DDP = """
import math, sys
import torch, vizkit
from torch import nn
import torch.distributed as dist

rank, folder, store = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
model = nn.parallel.DistributedDataParallel(nn.Linear(4, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with vizkit.watch(model, optimizer, logdir=folder, name="run", nan_origin=True):
    for step in range(3):
        x = torch.ones(2, 4) * (math.nan if step == 1 and rank == 0 else 1)
        model(x).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
dist.destroy_process_group()
"""


def test_with_several_processes_nothing_runs_again_alone(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(DDP)
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-W", "ignore", str(script)]
    both = [
        subprocess.Popen(
            [*command, str(rank), str(tmp_path / "runs"), str(tmp_path / "store")],
            cwd=root,
            env={**os.environ, "PYTHONPATH": root, "VIZKIT_STRICT": "1"},
        )
        for rank in range(2)
    ]
    assert [each.wait(timeout=120) for each in both] == [0, 0]

    finding = found(tmp_path / "runs")
    assert finding.step == 1
    assert "several processes" in finding.sentence


def test_a_healthy_training_has_no_finding(tmp_path: Path) -> None:
    train(Same(), tmp_path)

    assert open_logdir(tmp_path).findings("run") == []
