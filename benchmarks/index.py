"""What the read side costs on 10 million points, 1,000-layer vectors and 1,000 scalar series.

Columns are generated, not read from files, so that the index alone is measured. Each line of the
reads is the median of its rounds, after one that warms caches; `first_ms` is that one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from _report import emit

from vizkit.events.batch import Batch, Points, Rows, TailState, no_points
from vizkit.index import Index
from vizkit.playback.at import at
from vizkit.playback.heatmap import heatmap
from vizkit.playback.window import window

STRETCH = 100_000
LAYERS = 1000


def scalars(points: int) -> Iterator[Batch]:
    """Give stretches of one long series."""
    random = np.random.default_rng(0)
    for start in range(0, points, STRETCH):
        step = np.arange(start, start + STRETCH)
        value = random.normal(size=STRETCH).astype(np.float32).astype(float)
        zeros = np.zeros(STRETCH, np.int32)
        wall = 1.7e9 + 0.002 * step + random.random(STRETCH) * 1e-4
        yield Batch(Points(("loss",), zeros, step, wall, value, zeros))


def vectors(steps: int) -> Iterator[Batch]:
    """Give stretches of a vector of LAYERS values a step."""
    random = np.random.default_rng(0)
    names = tuple(f"layer{n}.weight" for n in range(LAYERS))
    for start in range(0, steps, 200):
        step = np.arange(start, start + 200)
        value = random.random((200, LAYERS), dtype=np.float32)
        yield Batch(no_points(), rows=(Rows("grad_norm/*", names, step, 1.7e9 + step, value),))


def many_scalars(steps: int) -> Iterator[Batch]:
    """Give stretches of LAYERS scalar series, 100 steps of each."""
    tags = tuple(f"metric/{n}" for n in range(LAYERS))
    for start in range(0, steps, 100):
        step = np.repeat(np.arange(start, start + 100), LAYERS)
        which = np.tile(np.arange(LAYERS, dtype=np.int32), 100)
        yield Batch(Points(tags, which, step, 1.7e9 + step, np.sin(step + which), which * 0))


def fill(index: Index, run: str, batches: Iterator[Batch]) -> None:
    """Append everything, commit it, and print how many values a second that took."""
    values, seconds = 0, 0.0
    for batch in batches:
        start = time.perf_counter()
        index.append(run, "file", batch, TailState(offset=values))
        seconds += time.perf_counter() - start
        values += batch.size
    start = time.perf_counter()
    index.commit()
    seconds += time.perf_counter() - start
    emit("index_ingest", run=run, values=values, values_per_s=values / seconds)


def measure(name: str, read: Callable[[], object], rounds: int) -> None:
    """Print how long a read takes, at first and warm."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        read()
        times.append(1e3 * (time.perf_counter() - start))
    emit("index_read", name=name, first_ms=times[0], ms=statistics.median(times[1:]))


def reads(index: Index, points: int, steps: int, rounds: int) -> None:
    """Print the reads that pages make."""
    views: dict[str, dict[str, float]] = {
        "all": {},
        "a third": {"x_min": points / 3, "x_max": points * 2 / 3},
        "3 percent": {"x_min": points / 2, "x_max": points * 0.53},
        "2,000 points": {"x_min": points / 2, "x_max": points / 2 + 1999},
        "until the middle": {"until": points / 2},
    }
    for name, ends in views.items():
        measure(f"window, {name}", lambda ends=ends: window(index, "long", "loss", **ends), rounds)
    relative: Callable[[], object] = lambda: window(index, "long", "loss", axis="relative")  # noqa: E731
    measure("window, all, relative", relative, rounds)
    measure("heatmap, live", lambda: heatmap(index, "layers", "grad_norm"), rounds)
    early = {"x_min": steps / 2, "x_max": steps / 2 + 3000}
    measure("heatmap, 3,000 steps", lambda: heatmap(index, "layers", "grad_norm", **early), rounds)
    for run, middle in (("layers", steps / 2), ("metrics", steps / 4)):
        measure(f"at, {run}, live", lambda run=run: at(index, run), rounds)
        measure(f"at, {run}, middle", lambda r=run, m=middle: at(index, r, until=m), rounds)
        measure(f"tags, {run}", lambda run=run: index.tags(run), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000, help="of the long series")
    parser.add_argument("--steps", type=int, default=20_000, help="of the 1,000 layers")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VIZKIT_CACHE"] = folder
        with Index.open(folder) as index:
            fill(index, "long", scalars(args.points))
            size = sum(path.stat().st_size for path in Path(folder).rglob("*.db"))
            emit("index_size", bytes_per_point=size / args.points)
            fill(index, "layers", vectors(args.steps))
            fill(index, "metrics", many_scalars(args.steps // 2))
        start = time.perf_counter()
        with Index.open(folder) as index:
            emit("index_open", ms=1e3 * (time.perf_counter() - start))
            reads(index, args.points, args.steps, args.rounds)


if __name__ == "__main__":
    main()
