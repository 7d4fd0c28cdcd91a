"""What `vizkit.watch` costs a training step: watched over bare, in one process, blocks shuffled.

Three copies of each model take turns: bare, bare once more (its ratio is the noise) and watched.
A round runs one block of each in random order; the ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import copy
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from _report import emit, spread
from torch import Tensor, nn

import vizkit

VARIANTS = ("bare", "again", "watched")


@dataclass(frozen=True)
class Subject:
    """A model with one batch and the number of steps in a block."""

    model: nn.Module
    x: Tensor
    y: Tensor
    block: int


class Transformer(nn.Module):
    """Six encoder layers of width 384: 11.4 million parameters."""

    def __init__(self, *, words: int = 1000, width: int = 384, layers: int = 6) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, width)
        layer = nn.TransformerEncoderLayer(width, 6, 4 * width, 0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, words)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits [n * length, words] of tokens [n, length]."""
        logits: Tensor = self.head(self.encoder(self.embed(tokens))).flatten(0, 1)
        return logits


class ManySmall(nn.Module):
    """500 residual linear layers of 32 units: 1,000 tensors of at most 1,024 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(500))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [n, 32] of x [n, 32]."""
        for layer in self.layers:
            x = x + 0.01 * torch.tanh(layer(x))
        return x


def mlp() -> Subject:
    sizes = (784, 2048, 1536, 10)
    layers = [
        part
        for a, b in zip(sizes, sizes[1:], strict=False)
        for part in (nn.Linear(a, b), nn.ReLU())
    ]
    return Subject(
        nn.Sequential(*layers[:-1]), torch.randn(256, 784), torch.randint(10, (256,)), 10
    )


def small_cnn() -> Subject:
    def block(a: int, b: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(a, b, 3, 2, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()
        )

    model = nn.Sequential(block(3, 32), block(32, 64), block(64, 128), nn.Flatten())
    model.append(nn.Linear(128 * 16, 10))
    return Subject(model, torch.randn(64, 3, 32, 32), torch.randint(10, (64,)), 20)


def transformer() -> Subject:
    tokens = torch.randint(1000, (4, 128))
    return Subject(Transformer(), tokens, tokens.roll(-1, 1).flatten(), 2)


def many_small() -> Subject:
    return Subject(ManySmall(), torch.randn(64, 32), torch.randint(32, (64,)), 10)


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "mlp": mlp,
    "small_cnn": small_cnn,
    "transformer": transformer,
    "many_small": many_small,
}


def stepper(subject: Subject, model: nn.Module, optimizer: torch.optim.Optimizer):
    """Return a function that trains one step."""
    criterion = nn.CrossEntropyLoss()

    def step() -> None:
        loss = criterion(model(subject.x), subject.y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def timed(step: Callable[[], None], count: int) -> float:
    """Return the median seconds of `count` steps, after one that warms the caches."""
    step()
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(name: str, *, seconds: float, logdir: Path, budget: float | None) -> None:
    """Print one line for the subject `name`."""
    subject = SUBJECTS[name]()
    steps: dict[str, Callable[[], None]] = {}
    with ExitStack() as stack:
        for variant in VARIANTS:
            model = copy.deepcopy(subject.model)
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
            if variant == "watched":
                stack.enter_context(
                    vizkit.watch(model, optimizer, logdir=logdir, name=name, budget=budget)
                )
            steps[variant] = stepper(subject, model, optimizer)
        rounds = run_rounds(steps, subject.block, seconds)
    report(name, subject, rounds, logdir)


def run_rounds(
    steps: dict[str, Callable[[], None]], block: int, seconds: float
) -> list[dict[str, float]]:
    """Return the seconds a step of each variant took, round by round; the first is dropped."""
    rounds: list[dict[str, float]] = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop or len(rounds) < 4:
        order = random.sample(VARIANTS, len(VARIANTS))
        rounds.append({variant: timed(steps[variant], block) for variant in order})
    return rounds[1:]


def report(name: str, subject: Subject, rounds: list[dict[str, float]], logdir: Path) -> None:
    """Print the ratios, and the share that vizkit logged about itself."""
    parameters = list(subject.model.parameters())
    ratio, low, high = spread([one["watched"] / one["bare"] for one in rounds])
    noise, noise_low, noise_high = spread([one["again"] / one["bare"] for one in rounds])
    logged = vizkit.open_logdir(logdir)
    share, step_ms = (
        logged.series(name, f"perf/{tag}").value for tag in ("vizkit_share", "step_ms")
    )
    bare_ms = 1e3 * statistics.median(one["bare"] for one in rounds)
    norms, losses = (len(logged.series(name, tag).step) for tag in ("grad_norm", "loss"))
    emit(
        "step_overhead",
        model=name,
        parameters=sum(p.numel() for p in parameters),
        tensors=len(parameters),
        bare_ms=bare_ms,
        watched_ms=1e3 * statistics.median(one["watched"] for one in rounds),
        ratio=ratio,
        ratio_quartiles=(low, high),
        noise_ratio=noise,
        noise_quartiles=(noise_low, noise_high),
        in_hook_share=trimmed_mean(share * step_ms) / bare_ms,
        steps_with_norms=norms / losses,
        rounds=len(rounds),
        block=subject.block,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def trimmed_mean(values: np.ndarray) -> float:
    """Return the mean without the largest twentieth, when another process had the core."""
    return float(np.sort(values)[: max(1, int(0.95 * len(values)))].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=25, help="per model")
    parser.add_argument("--model", action="append", choices=SUBJECTS)
    parser.add_argument("--budget", type=float, help="share of the time (norms at each step)")
    options = parser.parse_args()
    torch.manual_seed(0)
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.model or SUBJECTS:
            measure(name, seconds=options.seconds, logdir=Path(folder), budget=options.budget)


if __name__ == "__main__":
    main()
