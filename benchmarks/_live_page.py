"""A page with 50 charts of which 20 move ten times a second: how soon, and what it costs unseen."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from _browser import DESK, TALL, tab
from _report import percentile
from _servers import Vizkit
from _tabs import Tabs
from live_latency import log_points
from playwright.sync_api import Browser

import vizkit
from vizkit.testing import wait_until

CHARTS, LIVE, HERTZ, HISTORY = 50, 20, 10, 500
# Three sections, so that all cards are on the page; the live ones come first in each.
TAGS = [f"{'abc'[number % 3]}/metric{number // 3:02d}" for number in range(CHARTS)]
MOVING = TAGS[:LIVE]
READY = '[data-vk-points]:not([data-vk-points="0"])'


def measure_live(browser: Browser, tall: bool, points: int) -> dict[str, object]:
    """Return ms from `log` until the frame with the step was painted, of all charts in view."""
    with training() as (server, run), tab(browser, TALL if tall else DESK) as page:
        page.goto(f"{server.url}/scalars?runs=live")
        page.evaluate(f"bench.until(() => document.querySelector('{READY}'))")
        page.wait_for_timeout(2000)  # what opening costs is another figure
        page.evaluate("Object.assign(bench, {longest: 0, tasks: 0, seen: {}})")
        logged = log_points(run, MOVING, points, HERTZ)
        page.wait_for_timeout(500)
        told = page.evaluate("({seen: bench.seen, longest: bench.longest, tasks: bench.tasks})")
    delays = delays_of(told["seen"], logged)
    return {
        "charts": CHARTS,
        "live_series": LIVE,
        "charts_that_moved": sum(len(told["seen"].get(tag, {})) > 1 for tag in MOVING),
        "hertz": HERTZ,
        "points": points,
        "p50_ms": percentile(delays, 0.5),
        "p95_ms": percentile(delays, 0.95),
        "max_ms": max(delays),
        "longest_task_ms": told["longest"] or "under 50",
        "tasks_over_50_ms": told["tasks"],
    }


@contextmanager
def training() -> Iterator[tuple[Vizkit, vizkit.Run]]:
    """Yield a server that has indexed the first steps of a run, and that run, at step 0."""
    with tempfile.TemporaryDirectory() as folder:
        logdir = Path(folder) / "runs"
        logdir.mkdir()
        with (
            Vizkit(logdir, Path(folder) / "cache") as server,
            vizkit.Run(logdir / "live", start_step=-HISTORY) as run,
        ):
            for step in range(-HISTORY, 1):
                run.log({tag: 1.0 / (step + HISTORY + 1) for tag in TAGS}, step=step)
            wait_until(lambda: answers(server), timeout=30)
            yield server, run


def answers(server: Vizkit) -> bool:
    """Tell whether the history is there."""
    try:
        return server.points() > HISTORY * CHARTS
    except OSError:
        return False


def delays_of(seen: dict[str, dict[str, float]], logged: dict[int, float]) -> list[float]:
    """Return ms for each step on each chart in view; steps drawn together share their frame."""
    found = []
    for tag in MOVING:
        frames = sorted((int(step), at) for step, at in seen.get(tag, {}).items() if step)
        for step, at in logged.items():
            shown = min((when for last, when in frames if last >= step), default=None)
            if shown is not None:
                found.append(shown - at)
    return found


def measure_hidden(pause_s: float) -> dict[str, object]:
    """Return the share of a core that page and server take: seen, hidden, and with no page."""
    with training() as (server, run), logging(run), Tabs() as tabs:
        found: dict[str, object] = {"live_series": LIVE, "hertz": HERTZ}
        found |= shares("without_page", {"server": server.process.pid}, pause_s)
        page = tabs.open(f"{server.url}/scalars?runs=live")
        wait_until(lambda: tabs.ask(page, f"!!document.querySelector('{READY}')"), timeout=30)
        both = {"renderer": tabs.renderer().pid, "server": server.process.pid}
        for state in ("visible", "hidden"):
            if state == "hidden":
                tabs.open("about:blank")
            time.sleep(3)
            assert tabs.ask(page, "document.visibilityState") == state
            found |= shares(state, both, pause_s)
    return found


@contextmanager
def logging(run: vizkit.Run) -> Iterator[None]:
    """Log at ten a second in the background."""
    ending = threading.Event()

    def go() -> None:
        for step in itertools.count(1):
            if ending.wait(1 / HERTZ):
                return
            run.log({tag: 1.0 / step for tag in MOVING}, step=step)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def shares(state: str, pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Return the percentage of one core that each process takes, named with the state."""
    before = {name: spent(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    return {
        f"{name}_{state}_percent": 100 * (spent(pid) - before[name]) / seconds
        for name, pid in pids.items()
    }


def spent(pid: int) -> float:
    """Return the processor time of a process and those it started or has ended, seconds."""
    process = psutil.Process(pid)
    ended = process.cpu_times()
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    lived = sum(one.user + one.system for one in times)
    return float(lived + ended.children_user + ended.children_system)
