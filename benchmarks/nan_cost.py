"""What `watch(nan_origin=True)` costs while all is well, and how long its one search takes.

Copies of each model take turns in one process, blocks in random order; ratios are medians over the
rounds. `again`, watched without it twice, is the noise. `row_us`: what looking at each row costs
everybody, microseconds.
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import statistics
import tempfile
import time
import timeit
from contextlib import ExitStack
from pathlib import Path

import torch
from _report import emit, spread
from graph_cost import SUBJECTS, Step, stepper, timed
from torch import nn

import vizkit
from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_watch import NanWatch
from vizkit.kinds.vector.value import Vector

VARIANTS = ("without", "again", "with")
ROWS = 100_000


def measure(name: str, *, seconds: float, logdir: Path) -> None:
    """Print one line for the subject `name`."""
    make, batch, most = SUBJECTS[name]
    block = max(1, most // 8)  # short turns: what else runs on the machine then hits all alike
    torch.manual_seed(0)
    model, batches = make(), [batch() for _ in range(64)]
    steps: dict[str, Step] = {}
    with ExitStack() as stack:
        for variant in VARIANTS:
            step, optimizer = stepper(mine := copy.deepcopy(model), batches)
            folder = f"{name}-{variant}"
            watch = vizkit.watch(
                mine, optimizer, logdir=logdir, name=folder, nan_origin=variant == "with"
            )
            stack.enter_context(watch)
            steps[variant] = step
        rounds = run_rounds(steps, block, seconds)
    ratio, low, high = spread([one["with"] / one["without"] for one in rounds])
    emit(
        "nan_cost",
        model=name,
        step_cpu_ms=1e3 * statistics.median(one["without"] for one in rounds),
        ratio=ratio,
        ratio_quartiles=(low, high),
        noise_ratio=spread([one["again"] / one["without"] for one in rounds])[0],
        search_steps=search(copy.deepcopy(model), batches, logdir / f"{name}-nan"),
        rounds=len(rounds),
        block=block,
        threads=torch.get_num_threads(),
    )


def run_rounds(steps: dict[str, Step], block: int, seconds: float) -> list[dict[str, float]]:
    """Return the seconds a step of each variant took, round by round; the first two are dropped."""
    rounds: list[dict[str, float]] = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop or len(rounds) < 6:
        order = random.sample(VARIANTS, len(VARIANTS))
        rounds.append({variant: timed(steps[variant], block) for variant in order})
    return rounds[2:]


def search(model: nn.Module, batches: list[torch.Tensor], logdir: Path) -> float:
    """Return how many ordinary steps the search of a NaN in a weight takes."""
    step, optimizer = stepper(model, batches)
    with vizkit.watch(model, optimizer, logdir=logdir, name="nan", nan_origin=True):
        usual = timed(step, 10)
        with torch.no_grad():
            next(model.parameters()).view(-1)[0] = math.nan
        start = time.process_time()
        step()
        return (time.process_time() - start) / usual - 1


def row_microseconds() -> float:
    """Return what showing a healthy row to the watch takes, the best of five."""
    watch = NanWatch(lambda values, step: None, Guard(), None)
    norms = Vector(tuple(map(str, range(50))), [1.0] * 50)
    row = {"loss": 0.5, "lr": 0.1, "grad_norm": 1.0, "grad_norm/*": norms}
    best = min(timeit.repeat(lambda: watch.row(row, 1), number=ROWS, repeat=5))
    return 1e6 * best / ROWS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="per model")
    parser.add_argument("--model", action="append", choices=SUBJECTS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    emit("nan_row", row_us=row_microseconds())
    with tempfile.TemporaryDirectory() as folder:
        for name in options.model or SUBJECTS:
            measure(name, seconds=options.seconds, logdir=Path(folder))


if __name__ == "__main__":
    main()
