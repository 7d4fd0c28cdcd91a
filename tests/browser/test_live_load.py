"""Many live charts at once: what is logged is on the screen soon, and nothing is done unseen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

import vizkit

pytestmark = pytest.mark.browser

CHARTS, LIVE = 50, 20
SECONDS = 10.0 if os.environ.get("VIZKIT_SLOW") else 3.0

# From the wall time of a card's newest point to the frame in which the card shows it, in ms.
WATCH = """() => {
  window.delays = [];
  window.long = [];
  new PerformanceObserver((list) => list.getEntries().forEach((task) => long.push(task.duration)))
    .observe({type: 'longtask'});
  const seen = new Map();
  const look = () => {
    for (const el of document.querySelectorAll('[data-vk-tag]')) {
      const chart = el.vkChart;
      if (!chart || !chart.visible || !chart.plan || !chart.plan.curves.length) continue;
      const last = el.dataset.vkLastStep;
      const {points, to} = chart.plan.curves[0];
      const isNew = seen.has(el) && seen.get(el) !== last;
      if (isNew) delays.push(Date.now() - 1000 * points.wall[to - 1]);
      seen.set(el, last);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
  Object.defineProperty(document, 'visibilityState',
    {value: hidden ? 'hidden' : 'visible', configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def training(tmp_path: Path):
    """A run with 50 tags, of which `log(step)` lets 20 go on."""
    with vizkit.Run(tmp_path / "runs" / "live") as run:
        for step in range(300):
            run.log({f"charts/c{k:02d}": 1.0 / (step + 1) + k for k in range(CHARTS)}, step=step)

        def log(step: int) -> None:
            run.log({f"charts/c{k:02d}": (step % 7) / 7 + k for k in range(LIVE)}, step=step)

        yield log


def log_at_ten_hertz(page: Page, log: Callable[[int], None], seconds: float, step: int) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        log(step)
        step += 1
        page.wait_for_timeout(100)
    return step


def test_twenty_live_series_among_fifty_charts(serve, open_page, card, training, tmp_path):
    page = open_page(serve(tmp_path / "runs"))
    card(page, "charts/c00", vkPoints=300)
    step = log_at_ten_hertz(page, training, 1.0, 300)

    page.evaluate(WATCH)
    step = log_at_ten_hertz(page, training, SECONDS, step)

    delays = sorted(page.evaluate("delays"))
    assert len(delays) > 50 * SECONDS
    if os.environ.get("VIZKIT_SLOW"):  # a figure of a machine with nothing else to do
        assert delays[int(0.95 * len(delays))] <= 150
        assert max(page.evaluate("long"), default=0) <= 100
    card(page, "charts/c00", vkLastStep=step - 1)


def test_a_hidden_page_draws_nothing_and_catches_up(serve, open_page, card, training, tmp_path):
    page = open_page(serve(tmp_path / "runs"))
    card(page, "charts/c00", vkPoints=300)
    page.evaluate(HIDE, True)
    before = page.evaluate("vk.schedule.stats.draws")

    step = log_at_ten_hertz(page, training, 1.0, 300)

    assert page.evaluate("vk.schedule.stats.draws") - before <= 1  # one may have been on its way
    page.evaluate(HIDE, False)
    card(page, "charts/c00", vkLastStep=step - 1)
