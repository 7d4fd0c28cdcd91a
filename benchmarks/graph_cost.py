"""What recording the graph costs: `watch` with it over `watch` without it, blocks shuffled.

Two copies of each model take turns in one process; a round runs one block of each in random order,
and the ratio is the median of the rounds' ratios. `again`, watched without it twice, is the noise;
`traced` listens to every operation of every step, which a training does at some steps only.
"""

from __future__ import annotations

import argparse
import copy
import random
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import torch
from _report import emit, spread
from torch import Tensor, nn

import vizkit
from vizkit.kinds.graph import codec

VARIANTS = ("without", "again", "with", "traced")
Step = Callable[[], None]


class Recurrent(nn.Module):
    """A cell unrolled over 8 to 24 steps, another length each time."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.RNNCell(32, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [n, 10] of x [n, length, 32]."""
        hidden = torch.zeros(len(x), 64)
        for t in range(x.shape[1]):
            hidden = self.cell(x[:, t], hidden)
        return self.out(hidden)


class Switching(nn.Module):
    """Three equal experts, one of them chosen anew at each step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [n, 10] of x [n, width]."""
        return self.out(random.choice(self.experts)(x).relu())


class Deep(nn.Module):
    """600 small layers: 4,800 autograd nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(600))

    def forward(self, x: Tensor) -> Tensor:
        """Return x [n, 16] passed through all layers."""
        for layer in self.layers:
            x = x + 0.01 * torch.tanh(layer(x)).clamp(min=-1)
        return x


def mlp(width: int = 256) -> nn.Module:
    return nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 10))


def cnn() -> nn.Module:
    def block(a: int, b: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(a, b, 3, 2, padding=1), nn.BatchNorm2d(b), nn.ReLU())

    blocks = nn.Sequential(block(3, 32), block(32, 64), block(64, 128))
    return nn.Sequential(blocks, nn.Flatten(), nn.Linear(128 * 16, 10))


def transformer() -> nn.Module:
    layer = nn.TransformerEncoderLayer(128, 4, 512, 0.1, batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(layer, 6, enable_nested_tensor=False))


SUBJECTS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor], int]] = {
    "tiny": (lambda: mlp(8), lambda: torch.randn(4, 784), 200),
    "mlp": (mlp, lambda: torch.randn(64, 784), 100),
    "recurrent": (Recurrent, lambda: torch.randn(64, random.randint(8, 24), 32), 60),
    "switching": (lambda: Switching(512), lambda: torch.randn(256, 512), 40),
    "cnn": (cnn, lambda: torch.randn(64, 3, 32, 32), 15),
    "transformer": (transformer, lambda: torch.randn(8, 32, 128), 6),
    "deep": (Deep, lambda: torch.randn(32, 16), 5),
}


def stepper(model: nn.Module, batches: list[Tensor]) -> tuple[Step, torch.optim.Optimizer]:
    """Return a function that trains one step, and its optimizer."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        model(batches[count % len(batches)]).pow(2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    return step, optimizer


def timed(step: Step, count: int) -> float:
    """Return the mean processor seconds of `count` steps: some of them hold a sampled walk."""
    step()
    # The processor's time, all threads': other processes share the machine.
    start = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - start) / count


def measure(name: str, *, seconds: float, logdir: Path) -> None:
    """Print one line for the subject `name`."""
    make, batch, block = SUBJECTS[name]
    torch.manual_seed(0)
    model, batches = make(), [batch() for _ in range(64)]
    steps: dict[str, Step] = {}
    with ExitStack() as stack:
        for variant in VARIANTS:
            step, optimizer = stepper(mine := copy.deepcopy(model), batches)
            folder = f"{name}-{variant}"
            watch = vizkit.watch(
                mine,
                optimizer,
                logdir=logdir,
                name=folder,
                graph=variant in ("with", "traced"),
                trace_every=1 if variant == "traced" else None,
            )
            stack.enter_context(watch)
            steps[variant] = step
        rounds = run_rounds(steps, block, seconds)
    report(name, rounds, block, logdir)


def run_rounds(steps: dict[str, Step], block: int, seconds: float) -> list[dict[str, float]]:
    """Return the seconds a step of each variant took, round by round; the first two are dropped."""
    rounds: list[dict[str, float]] = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop or len(rounds) < 6:
        order = random.sample(VARIANTS, len(VARIANTS))
        rounds.append({variant: timed(steps[variant], block) for variant in order})
    return rounds[2:]


def report(name: str, rounds: list[dict[str, float]], block: int, logdir: Path) -> None:
    """Print the ratios, and what was recorded."""
    ratio, low, high = spread([one["with"] / one["without"] for one in rounds])
    traced, _, _ = spread([one["traced"] / one["without"] for one in rounds])
    noise, _, _ = spread([one["again"] / one["without"] for one in rounds])
    logged = vizkit.open_logdir(logdir)
    versions = logged.graph_versions(f"{name}-with")
    seen = sum(version.count for version in versions)
    graph = logged.graph(f"{name}-with")
    emit(
        "graph_cost",
        model=name,
        step_cpu_ms=1e3 * statistics.median(one["without"] for one in rounds),
        ratio=ratio,
        ratio_quartiles=(low, high),
        noise_ratio=noise,
        traced_ratio=traced,
        versions=len(versions),
        topologies=max(version.topologies for version in versions),
        nodes=len(graph.nodes),
        kilobytes=len(codec.encode(graph)) / 1e3,
        steps_seen=seen / len(logged.series(f"{name}-with", "loss").step),
        rounds=len(rounds),
        block=block,
        threads=torch.get_num_threads(),
    )


def memory(steps: int, logdir: Path) -> None:
    """Print how Python's memory grows over many steps of a model that changes all the time."""
    model = Recurrent()
    step, optimizer = stepper(model, [torch.randn(4, random.randint(2, 12), 32) for _ in range(64)])
    sizes = []
    with vizkit.watch(model, optimizer, logdir=logdir, name="memory") as watch:
        tracemalloc.start()
        for _ in range(5):
            for _ in range(steps // 5):
                step()
            watch.run.flush()
            sizes.append(tracemalloc.get_traced_memory()[0] / 1e3)
    emit("graph_memory", steps=steps, kilobytes=sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="per model")
    parser.add_argument("--model", action="append", choices=SUBJECTS)
    parser.add_argument("--memory", type=int, help="measure memory over so many steps instead")
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            memory(options.memory, Path(folder))
            return
        for name in options.model or SUBJECTS:
            measure(name, seconds=options.seconds, logdir=Path(folder))


if __name__ == "__main__":
    main()
