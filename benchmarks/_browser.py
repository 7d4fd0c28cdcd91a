"""A real Chromium, with a clock in each page that notes when things were on the screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

DESK = {"width": 1440, "height": 900}
TALL = {"width": 1440, "height": 8000}

# `after` calls back once the frame in which a change was made has been painted: a message posted
# while a frame is made is delivered behind its painting. All times are ms since navigation.
CLOCK = """(() => {
  const bench = {firstChart: null, longest: 0, tasks: 0, seen: {}};
  window.bench = bench;
  const waiting = [];
  const channel = new MessageChannel();
  channel.port1.onmessage = () => waiting.splice(0).forEach((fn) => fn(performance.now()));
  bench.after = (fn) => { waiting.push(fn); channel.port2.postMessage(0); };
  bench.until = (test) => new Promise((resolve, reject) => {
    const look = () => (test() ? bench.after(resolve) : requestAnimationFrame(look));
    setTimeout(() => reject(new Error(`Not within a minute: ${test}`)), 60000);
    look();
  });
  new PerformanceObserver((list) => list.getEntries().forEach(({duration}) => {
    bench.longest = Math.max(bench.longest, duration);
    bench.tasks += 1;
  })).observe({type: 'longtask', buffered: true});
  const note = ({target}) => {
    const {vkPoints, vkTag, vkLastStep} = target.dataset;
    if (!Number(vkPoints)) return;
    bench.after((now) => {
      bench.firstChart ??= now;
      const steps = (bench.seen[vkTag] ??= {});
      steps[vkLastStep] ??= performance.timeOrigin + now;
    });
  };
  const attributeFilter = ['data-vk-points', 'data-vk-last-step'];
  new MutationObserver((all) => all.forEach(note))
    .observe(document, {subtree: true, attributes: true, attributeFilter});
})()"""


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a headless Chromium, the system's if there is one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, viewport: dict[str, int] = DESK) -> Iterator[Page]:
    """Open a tab with nothing in its cache, and the clock in it."""
    context = browser.new_context(viewport=viewport)
    context.add_init_script(CLOCK)
    page = context.new_page()
    page.set_default_timeout(60_000)
    try:
        yield page
    finally:
        context.close()


def weight(page: Page) -> dict[str, float]:
    """Return what the only tab holds: memory of its process and its scripts (MB), and DOM nodes."""
    session = page.context.new_cdp_session(page)
    pid = heaviest_renderer(page.context.browser)
    found = {"rss_mb": _kb(pid, "status", "VmRSS") / 1024}
    found["pss_mb"] = _kb(pid, "smaps_rollup", "Pss") / 1024
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    found["heap_mb"] = metrics["JSHeapUsedSize"] / 1e6
    found["nodes"] = page.evaluate("document.querySelectorAll('*').length")
    return found


def heaviest_renderer(browser: Browser | None) -> int:
    """Return the process of the tab: the renderer with the most memory, as spare ones are empty."""
    assert browser is not None
    told: Any = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    pids = [one["id"] for one in told["processInfo"] if one["type"] == "renderer"]
    return max(pids, key=lambda pid: _kb(pid, "status", "VmRSS"))


def chromium() -> str | None:
    """Return a Chromium of the system, None for Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def _kb(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)
