"""What recording the activity of modules costs: `watch` with it over `watch` without it.

Two copies of each model take turns in one process, a block of `--every` steps at a time in random
order; the ratio is the median of the rounds' ratios of processor time. `again`, watched without it
twice, is the noise. `each` records at every step, whatever that costs: the price of a due step.
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
from pathlib import Path

import torch
from _report import emit, spread
from step_overhead import SUBJECTS, stepper

import vizkit

VARIANTS = ("without", "again", "with", "each")
Step = Callable[[], None]


def options_of(variant: str, every: int) -> dict[str, int | float | None]:
    if variant == "with":
        return {"activations_every": every}
    return {"activations_every": 1, "budget": None} if variant == "each" else {}


def timed(step: Step, count: int) -> float:
    """Return the processor seconds of this thread that `count` steps took."""
    start = time.thread_time()
    for _ in range(count):
        step()
    return time.thread_time() - start


def measure(name: str, *, seconds: float, every: int, folder: Path) -> None:
    """Print one line for the subject `name`."""
    subject = SUBJECTS[name]()
    steps: dict[str, Step] = {}
    with ExitStack() as stack:
        for variant in VARIANTS:
            model = copy.deepcopy(subject.model)
            optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
            stack.enter_context(
                vizkit.watch(
                    model,
                    optimizer,
                    logdir=folder,
                    name=f"{name}-{variant}",
                    **options_of(variant, every),
                )
            )
            steps[variant] = stepper(subject, model, optimizer)
        rounds = run_rounds(steps, every, seconds)
    report(name, every, rounds, folder)


def run_rounds(steps: dict[str, Step], every: int, seconds: float) -> list[dict[str, float]]:
    """Return the seconds a block of each variant took, round by round; the first is dropped."""
    rounds: list[dict[str, float]] = []
    stop = time.monotonic() + seconds
    while time.monotonic() < stop or len(rounds) < 4:
        order = random.sample(VARIANTS, len(VARIANTS))
        rounds.append({variant: timed(steps[variant], every) for variant in order})
    return rounds[1:]


def report(name: str, every: int, rounds: list[dict[str, float]], folder: Path) -> None:
    """Print the ratios to the plainly watched training, and how many due steps were recorded."""
    ratios = {
        variant: spread([one[variant] / one["without"] for one in rounds])
        for variant in VARIANTS[1:]
    }
    run = f"{name}-with"
    logged = vizkit.open_logdir(folder)
    last = logged.series(run, "loss").step[-1]
    recorded = len(logged.series(run, "activation_mean/(model)").step)
    emit(
        "activity_cost",
        model=name,
        modules=sum(1 for _ in SUBJECTS[name]().model.modules()),
        every=every,
        without_ms=1e3 * statistics.median(one["without"] for one in rounds) / every,
        ratio=ratios["with"][0],
        ratio_quartiles=ratios["with"][1:],
        noise_ratio=ratios["again"][0],
        noise_quartiles=ratios["again"][1:],
        due_step_ratio=ratios["each"][0],
        due_step_quartiles=ratios["each"][1:],
        recorded_of_due=recorded / (last // every + 1),
        rounds=len(rounds),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40, help="per model")
    parser.add_argument("--every", type=int, default=20, help="steps from one record to the next")
    parser.add_argument("--model", action="append", choices=SUBJECTS)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.model or SUBJECTS:
            measure(name, seconds=options.seconds, every=options.every, folder=Path(folder))


if __name__ == "__main__":
    main()
