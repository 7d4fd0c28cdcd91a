"""Pages of vizkit and TensorBoard on one log: first chart, zoom, filter, and what the tab holds."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from _browser import tab, weight
from _logs import Shape, made
from _report import percentile
from _servers import TensorBoard, Vizkit
from playwright.sync_api import Browser, Page
from read_servers import WRITTEN_AFTER

from vizkit.testing import wait_until

Figures = dict[str, object]
FIRST_TAG = "train/loss"
DRAWN = "bench.until(() => bench.firstChart).then(() => bench.firstChart)"
EPOCH = "performance.timeOrigin + bench.firstChart"
# Its first card has a canvas and numbers at its axis, and no longer turns a wheel.
THEIRS = """(() => { const card = document.querySelector('scalar-card'); return card
  && card.querySelector('line-chart canvas') && !card.querySelector('mat-spinner')
  && card.querySelector('line-chart .ticks text'); })()"""
FILTER = """(text) => {
  const input = () => document.querySelector('#vk-run-filter');
  return bench.until(() => input() && vk.store.get().runs.length).then(() => {
    const start = performance.now();
    input().value = text;
    input().dispatchEvent(new Event('input', {bubbles: true}));
    const rows = () => [...document.querySelectorAll('#vk-run-list [data-vk-run]')];
    const done = () => rows().length && rows().every((row) => row.dataset.vkRun.includes(text));
    return bench.until(done).then((now) => ({since: now, took: now - start}));
  });
}"""
# The window is new when the card stands for as many points as the zoom is wide.
ZOOMED = """() => {
  const card = document.querySelector('[data-vk-tag="train/loss"]');
  const before = vk.store.get().zoom;
  window.zoomed = new Promise((resolve) => addEventListener('pointerup', () => {
    const start = performance.now();
    const look = () => {
      const {zoom} = vk.store.get();
      const wide = zoom && zoom !== before ? zoom[1] - zoom[0] : Infinity;
      const near = Math.abs(Number(card.dataset.vkPoints) - wide) <= 4 + 0.01 * wide;
      if (near && !card.vkChart.plan.pending) bench.after((now) => resolve(now - start));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, {once: true}));
}"""


@contextmanager
def indexed(shape: Shape) -> Iterator[tuple[Path, Path]]:
    """Yield LOGDIR and cache of a log whose index is whole."""
    logdir = made(shape)
    with tempfile.TemporaryDirectory() as cache:
        with Vizkit(logdir, Path(cache)) as server:
            wait_for(lambda: server.points() == shape.total)
            time.sleep(WRITTEN_AFTER)
        yield logdir, Path(cache)


def wait_for(test: Callable[[], object], seconds: float = 180) -> None:
    """Wait until a server answers as it should."""

    def good() -> object:
        try:
            return test()
        except OSError:
            return False

    wait_until(good, timeout=seconds, every=0.01)


def first_chart(browser: Browser, address: str, rounds: int) -> float:
    """Return ms from navigation to the first chart on the screen, the browser's cache empty."""
    times = []
    for _ in range(rounds):
        with tab(browser) as page:
            page.goto(address, wait_until="commit")
            times.append(page.evaluate(DRAWN))
    return statistics.median(times)


def start_to_chart(browser: Browser, logdir: Path, cache: Path) -> float:
    """Return seconds from the start of a server with an index to the first chart on the screen."""
    with tab(browser) as page:
        begun = time.time()
        with Vizkit(logdir, cache) as server:
            wait_for(lambda: server.get("/healthz"))
            page.goto(f"{server.url}/scalars?runs=*", wait_until="commit")
            return page.evaluate(f"{DRAWN}.then(() => {EPOCH})") / 1e3 - begun


def measure_zoom(page: Page, rounds: int) -> dict[str, float]:
    """Drag windows of all widths, one in another; return ms from the button to the drawn window."""
    box = page.locator(f'[data-vk-tag="{FIRST_TAG}"] .vk-overlay').bounding_box()
    assert box is not None
    times = []
    for number in range(rounds):
        if number % 3 == 0:
            page.evaluate("vk.store.set({zoom: null})")
            page.wait_for_timeout(600)
        width = box["width"] * random.uniform(0.1, 0.5)
        left = box["x"] + random.uniform(0.05, 0.45) * box["width"]
        page.evaluate(ZOOMED)
        page.mouse.move(left, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(left + width, box["y"] + 60, steps=4)
        page.mouse.up()
        times.append(page.evaluate("window.zoomed"))
    return {
        "zooms": rounds,
        "zoom_p50_ms": percentile(times, 0.5),
        "zoom_p95_ms": percentile(times, 0.95),
    }


def measure_long(browser: Browser, shape: Shape, rounds: int) -> Figures:
    """Open one long series: its chart, zooms, memory."""
    with indexed(shape) as (logdir, cache):
        starts = [start_to_chart(browser, logdir, cache) for _ in range(rounds)]
        with Vizkit(logdir, cache) as server, tab(browser) as page:
            wait_for(lambda: server.points() == shape.total)
            address = f"{server.url}/scalars?runs=*"
            found = {"start_to_chart_s": min(starts)}
            found["first_chart_ms"] = first_chart(browser, address, rounds)
            page.goto(address)
            page.evaluate(DRAWN)
            page.wait_for_timeout(2000)
            found |= weight(page) | measure_zoom(page, 10 * rounds)
    return found


def measure_many(browser: Browser, shape: Shape, rounds: int) -> Figures:
    """Open many runs, the newest or all: chart, filter on a cold page and later, memory."""
    with indexed(shape) as (logdir, cache), Vizkit(logdir, cache) as server:
        wait_for(lambda: server.points() == shape.total)
        found: Figures = {}
        for choice, name in (("", "default"), ("?runs=*", "all_runs")):
            address = f"{server.url}/scalars{choice}"
            found[f"first_chart_ms_{name}"] = first_chart(browser, address, rounds)
            with tab(browser) as page:
                page.goto(address, wait_until="commit")
                told = page.evaluate(FILTER, shape.run_names()[3])
                found[f"filter_from_navigation_ms_{name}"] = told["since"]
                page.evaluate("vk.store.set({runFilter: ''})")
                page.wait_for_timeout(4000)
                found |= {f"{key}_{name}": value for key, value in weight(page).items()}
                typed = page.evaluate(FILTER, shape.run_names()[7])
                found[f"filter_typed_ms_{name}"] = typed["took"]
                found[f"longest_task_ms_{name}"] = page.evaluate("bench.longest")
    return found


def measure_theirs(browser: Browser, shape: Shape, rounds: int) -> Figures:
    """Open TensorBoard's page on the same log, once it has read all of it."""
    last = (shape.run_names()[-1], shape.tag_names()[-1])
    with TensorBoard(made(shape)) as server:
        wait_for(lambda: server.read(*last).last_step == shape.points - 1)
        time.sleep(5)
        times = []
        for _ in range(rounds):
            with tab(browser) as page:
                page.goto(f"{server.url}/#timeseries", wait_until="commit")
                times.append(page.evaluate(f"bench.until(() => {THEIRS})"))
                page.wait_for_timeout(4000)
                held = weight(page)
    return {"first_chart_ms": statistics.median(times), **held}
