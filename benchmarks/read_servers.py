"""From the start of a server to all points served: `vizkit serve` beside `tensorboard`.

Prints one JSON line for each scenario and server, and a table at the end on the terminal. vizkit is
done when its API counts every point and charts end in the last one; TensorBoard, when it answers
for every run with the last step and as many points as it was told to keep.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from _logs import Shape, event_bytes, made
from _report import emit
from _servers import Stopped, TensorBoard, Vizkit, end_servers_with_us
from _table import show

DEFAULT_SAMPLES = 1000  # points of a series that TensorBoard keeps unless told otherwise
TOGETHER = 100  # runs in one request
WRITTEN_AFTER = 2.5  # seconds within which what is served lies in the index, too
SCENARIOS = (
    Shape("1 run x 1 M, by torch", 1, 1, 1_000_000, by_torch=True),
    Shape("1 run x 10 M", 1, 1, 10_000_000),
    Shape("200 runs x 10 tags x 1,000", 200, 10, 1000),
    Shape("1 run x 5,000 tags x 200", 1, 5000, 200),
    Shape("1,000 runs x 20 tags x 500", 1000, 20, 500),
)
QUICK = (
    Shape("1 run x 20 k, by torch", 1, 1, 20_000, by_torch=True),
    Shape("1 run x 100 k", 1, 1, 100_000),
    Shape("20 runs x 10 tags x 100", 20, 10, 100),
    Shape("1 run x 500 tags x 20", 1, 500, 20),
    Shape("100 runs x 5 tags x 50", 100, 5, 50),
)


@dataclass(frozen=True)
class Limits:
    """When a server is given up: seconds since its start, and resident memory."""

    seconds: float
    memory_mb: float


@dataclass(frozen=True)
class Figures:
    """What was measured of one server; None where it did not get that far, `note` says why."""

    up_s: float | None = None
    page_s: float | None = None
    all_s: float | None = None
    peak_mb: float | None = None
    settled_mb: float | None = None
    index_mb: float | None = None
    bytes_per_point: float | None = None
    warm_page_s: float | None = None
    warm_all_s: float | None = None
    points_a_series: int | None = None
    answer_ms: float | None = None
    answer_kb: float | None = None
    note: str = ""


def vizkit(shape: Shape, logdir: Path, limits: Limits) -> Figures:
    """Open a log without an index, then once more with it."""
    with tempfile.TemporaryDirectory() as cache:
        with Vizkit(logdir, Path(cache)) as server:
            cold = opened(server, shape, limits, counted(server, shape))
            if cold.note:
                return cold
            time.sleep(WRITTEN_AFTER)
            cold = replace(cold, peak_mb=server.memory.top_mb(), settled_mb=server.memory.now_mb())
        index = sum(path.stat().st_size for path in Path(cache).rglob("*.db*"))
        with Vizkit(logdir, Path(cache)) as server:
            warm = opened(server, shape, limits, counted(server, shape))
    sizes = {"index_mb": index / 1e6, "bytes_per_point": index / shape.total}
    return replace(cold, **sizes, warm_page_s=warm.page_s, warm_all_s=warm.all_s, note=warm.note)


def tensorboard(
    shape: Shape, logdir: Path, limits: Limits, *, samples: int | None, earliest: float = 0
) -> Figures:
    """Open a log; `earliest`: no data are asked for before (s), as answering slows it down."""
    kept = min(shape.points, samples or DEFAULT_SAMPLES)
    with TensorBoard(logdir, samples) as server:
        whole = all_whole(server, shape.tag_names()[-1], shape.run_names(), kept, shape.points - 1)
        return opened(server, shape, limits, lambda: server.age() > earliest and whole())


def opened(
    server: Vizkit | TensorBoard, shape: Shape, limits: Limits, done: Callable[[], object]
) -> Figures:
    """Wait until something, the page, and all data are served; return what that took."""
    found, bounds = Figures(), (limits.seconds, limits.memory_mb)
    with ThreadPoolExecutor(1) as beside:
        try:
            found = replace(found, up_s=server.wait(lambda: server.get(server.alive), *bounds))
            page = beside.submit(server.wait, lambda: server.get("/"), *bounds)
            found = replace(found, all_s=server.wait(done, *bounds))
            found = replace(found, page_s=page.result())
        except Stopped as reason:
            return replace(found, peak_mb=server.memory.top_mb(), note=str(reason))
    series = (shape.run_names()[0], shape.tag_names()[0])
    times, answer = [], server.read(*series)
    for _ in range(3 if answer.answer_bytes > 1e6 else 10):
        start = time.perf_counter()
        answer = server.read(*series)
        times.append(1e3 * (time.perf_counter() - start))
    return replace(
        found,
        peak_mb=server.memory.top_mb(),
        settled_mb=server.memory.now_mb(),
        points_a_series=answer.points,
        answer_ms=statistics.median(times),
        answer_kb=answer.answer_bytes / 1e3,
    )


def counted(server: Vizkit, shape: Shape) -> Callable[[], object]:
    """Return a test that every point is counted, and that charts end in the last one."""
    runs, end = shape.run_names()[:: max(1, shape.runs // 10)], shape.points - 1
    ends = [all_whole(server, tag, runs, shape.points, end) for tag in shape.tag_names()[-2:]]
    return lambda: server.points() == shape.total and all(whole() for whole in ends)


def all_whole(
    server: Vizkit | TensorBoard, tag: str, runs: Sequence[str], points: int, last_step: int
) -> Callable[[], bool]:
    """Return a test that a tag is served whole for all runs; each is asked until it is."""
    waiting = list(runs)

    def test() -> bool:
        while waiting:
            asked = waiting[-TOGETHER:]
            found = server.read_many(tag, asked)
            ends = {run: (served.points, served.last_step) for run, served in found.items()}
            done = [run for run in asked if ends.get(run) == (points, last_step)]
            waiting[-TOGETHER:] = [run for run in asked if run not in done]
            if len(done) < len(asked):
                return False
        return True

    return test


def fastest(measure: Callable[[], Figures], rounds: int) -> Figures:
    """Return the round that served all points first: the others were held up by something."""
    found = [measure() for _ in range(rounds)]
    good = [each for each in found if not each.note]
    return min(good, key=lambda each: each.all_s or 0.0) if len(good) == rounds else found[-1]


def compare(shape: Shape, limits: Limits, rounds: int) -> list[dict[str, object]]:
    """Measure all servers on one log; print a line for each as soon as it is there."""
    logdir = made(shape)
    size = {"points": shape.total, "event_mb": event_bytes(logdir) / 1e6}
    rows: list[dict[str, object]] = []

    def note(server: str, figures: Figures) -> Figures:
        rows.append({"scenario": shape.name, "server": server, **size, **asdict(figures)})
        emit("read", **rows[-1])
        return figures

    note("vizkit", fastest(lambda: vizkit(shape, logdir, limits), rounds))
    one = lambda: tensorboard(shape, logdir, limits, samples=None)  # noqa: E731
    sampled = note("tensorboard", fastest(one, rounds))
    if shape.points > DEFAULT_SAMPLES:
        after = sampled.all_s or 0
        every = tensorboard(shape, logdir, limits, samples=shape.points, earliest=after)
        note("tensorboard, all points", every)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small logs, less than a minute")
    parser.add_argument("--only", metavar="NAME", help="scenarios that have this in their name")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--limit", type=float, default=180, help="seconds for a server")
    parser.add_argument("--memory", type=float, default=8000, help="MB for a server")
    options = parser.parse_args()
    end_servers_with_us()
    shapes = QUICK if options.quick else SCENARIOS
    chosen = [shape for shape in shapes if not options.only or options.only in shape.name]
    if not chosen:
        parser.error("--only: choose from " + json.dumps([shape.name for shape in shapes]))
    limits = Limits(options.limit, options.memory)
    rounds = 1 if options.quick else options.rounds
    show([row for shape in chosen for row in compare(shape, limits, rounds)])


if __name__ == "__main__":
    main()
