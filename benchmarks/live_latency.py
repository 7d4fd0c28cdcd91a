"""From `run.log` to the browser: milliseconds until a chart in a real Chromium holds the new step.

A chart sets `data-vk-last-step` when it has drawn; the page notes the wall clock at that change,
the training noted it before the call. Both clocks are this machine's. The screen's own refresh
(at most 17 ms at 60 Hz) comes on top.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from _report import emit, percentile
from playwright.sync_api import Page, sync_playwright

import vizkit
from vizkit.testing import free_port, wait_until

CHART = "[data-vk-last-step]"
RECORD = """() => {
    const chart = document.querySelector('[data-vk-last-step]');
    window.seen = {};
    new MutationObserver(() => {
        const step = chart.dataset.vkLastStep;
        window.seen[step] ??= performance.timeOrigin + performance.now();
    }).observe(chart, {attributes: true, attributeFilter: ['data-vk-last-step']});
}"""


@contextmanager
def serving(logdir: Path) -> Iterator[str]:
    """Yield the address of a `vizkit serve` on `logdir`."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("vizkit")), "serve", str(logdir)]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--no-browser"], stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(address), timeout=30)
        yield address
    finally:
        server.terminate()
        server.wait()


def answers(address: str) -> bool:
    """Tell whether the server is up."""
    try:
        return httpx.get(f"{address}/healthz").is_success
    except httpx.TransportError:
        return False


def log_points(run: vizkit.Run, tags: list[str], points: int, hertz: float) -> dict[int, float]:
    """Log steps at `hertz` on average, at random phases; return the clock in ms by step."""
    logged = {}
    for step in range(1, points + 1):
        time.sleep(random.uniform(0.5, 1.5) / hertz)
        logged[step] = 1e3 * time.time()
        run.log({tag: random.random() for tag in tags}, step=step)
    return logged


def latencies(page: Page, folder: Path, tags: list[str], points: int, hertz: float) -> list[float]:
    """Return milliseconds from call to DOM of every step."""
    with vizkit.Run(folder) as run:
        run.log({tag: 0.0 for tag in tags}, step=0)
        page.wait_for_selector(CHART, timeout=30_000)
        page.evaluate(RECORD)
        logged = log_points(run, tags, points, hertz)
        page.wait_for_selector(f'[data-vk-last-step="{points}"]', timeout=10_000)
        seen = {int(step): at for step, at in page.evaluate("() => window.seen").items()}
    # steps drawn in one frame: the last of them tells when
    shown = {step: min(at for last, at in seen.items() if last >= step) for step in logged}
    return [shown[step] - at for step, at in logged.items()]


def measure(page: Page, charts: int, hertz: float, points: int) -> None:
    """Print one line for `charts` charts that get a point each at `hertz`."""
    tags = ["loss", *(f"metric/{n}" for n in range(charts - 1))]
    with tempfile.TemporaryDirectory() as logdir, serving(Path(logdir)) as address:
        page.goto(f"{address}/scalars")
        delays = latencies(page, Path(logdir) / "live", tags, points, hertz)
        page.goto("about:blank")
    emit(
        "live_latency",
        charts=charts,
        hertz=hertz,
        points=points,
        p50_ms=percentile(delays, 0.5),
        p95_ms=percentile(delays, 0.95),
        max_ms=max(delays),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        measure(page, charts=1, hertz=10, points=options.points)
        measure(page, charts=20, hertz=10, points=options.points)


def chromium() -> str | None:
    """Return a Chromium of the system, None for Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


if __name__ == "__main__":
    main()
