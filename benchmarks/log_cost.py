"""What logging costs: `run.log` a call, and points a second end to end, next to torch's writer.

"End to end" is from the first call until `close` has returned and the bytes are with the system.
Variants take turns in random order; each line is the median of its rounds.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _report import emit, percentile
from torch.utils.tensorboard import SummaryWriter

import vizkit

Variant = Callable[[Path, int], int]


def vizkit_single(folder: Path, calls: int) -> int:
    """Log one scalar a call; return the number of points."""
    with vizkit.Run(folder) as run:
        for step in range(calls):
            run.log({"loss": 0.1 * step}, step=step)
    return calls


def vizkit_ten(folder: Path, calls: int) -> int:
    """Log ten scalars a call."""
    with vizkit.Run(folder) as run:
        for step in range(calls):
            value = 0.1 * step
            run.log({tag: value for tag in TEN_TAGS}, step=step)
    return 10 * calls


def torch_single(folder: Path, calls: int) -> int:
    """Log one scalar a call with torch's SummaryWriter."""
    with SummaryWriter(str(folder)) as writer:
        for step in range(calls):
            writer.add_scalar("loss", 0.1 * step, step)
    return calls


TEN_TAGS = tuple(f"metric/{n}" for n in range(10))
# calls chosen so that each variant runs for about a second
VARIANTS: dict[str, tuple[Variant, int]] = {
    "vizkit, 1 scalar a call": (vizkit_single, 200_000),
    "vizkit, 10 scalars a call": (vizkit_ten, 50_000),
    "SummaryWriter, 1 scalar a call": (torch_single, 20_000),
}


def throughput(folder: Path, rounds: int) -> None:
    """Print points a second of every variant."""
    rates: dict[str, list[float]] = {name: [] for name in VARIANTS}
    for n in range(rounds):
        for name in random.sample(list(VARIANTS), len(VARIANTS)):
            variant, calls = VARIANTS[name]
            start = time.perf_counter()
            points = variant(folder / f"{name}-{n}", calls)
            rates[name].append(points / (time.perf_counter() - start))
    slowest = statistics.median(rates["SummaryWriter, 1 scalar a call"])
    for name, values in rates.items():
        median = statistics.median(values)
        emit("log_throughput", variant=name, points_per_s=median, times_torch=median / slowest)


def one_call(log: Callable[[int], None], calls: int, pause_s: float) -> list[float]:
    """Return the microseconds of each call, `pause_s` of other work between two of them."""
    costs = []
    for step in range(calls):
        start = time.perf_counter_ns()
        log(step)
        costs.append((time.perf_counter_ns() - start) / 1e3)
        resume = time.perf_counter() + pause_s
        while time.perf_counter() < resume:
            pass
    return costs


def call_cost(folder: Path) -> None:
    """Print microseconds a call: in a tight loop, and with 1 ms of work between two calls."""
    for pace, calls, pause_s in (("tight", 100_000, 0.0), ("every 1 ms", 5_000, 1e-3)):
        with vizkit.Run(folder / f"vizkit {pace}") as run:
            ours = one_call(lambda step: run.log({"loss": 0.5}, step=step), calls, pause_s)
        with SummaryWriter(str(folder / f"torch {pace}")) as writer:
            theirs = one_call(
                lambda step: writer.add_scalar("loss", 0.5, step), calls // 5, pause_s
            )
        for name, costs in (("vizkit", ours), ("SummaryWriter", theirs)):
            p50, p99 = percentile(costs, 0.5), percentile(costs, 0.99)
            emit("log_call", writer=name, pace=pace, p50_us=p50, p99_us=p99, max_us=max(costs))


def check(folder: Path, rounds: int) -> None:
    """Stop when a point is missing: speed that loses data is none."""
    logdir = vizkit.open_logdir(folder)
    name, calls = "vizkit, 1 scalar a call", VARIANTS["vizkit, 1 scalar a call"][1]
    written = len(logdir.series(f"{name}-{rounds - 1}", "loss").step)
    if written != calls:
        raise SystemExit(f"{calls} points were logged, {written} read back")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        throughput(Path(folder), rounds)
        check(Path(folder), rounds)
        call_cost(Path(folder))


if __name__ == "__main__":
    main()
