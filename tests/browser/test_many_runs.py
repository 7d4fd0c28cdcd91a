"""Many runs and many tags: the page stays small and quick, and hides nothing."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from vizkit.testing import STARTED, make_run, wait_until

pytestmark = pytest.mark.browser

slow = pytest.mark.skipif(not os.environ.get("VIZKIT_SLOW"), reason="takes a minute")

MANY = 80  # runs, enough for a canvas and for fewer points a line
ELEMENTS = "document.querySelectorAll('*').length"
LOSS = "document.querySelector('[data-vk-tag=loss]').vkChart"
IN_VIEW = """() => [...document.querySelectorAll('[data-vk-tag]')]
  .filter((el) => el.vkChart && el.vkChart.visible)
  .map((el) => [el.dataset.vkReady, el.vkChart.plan ? el.vkChart.plan.curves.length : 0])"""
GROUPS = "/scalars?runs=*&group=lr"


def write_runs(logdir: Path, runs: int, tags: int, steps: int) -> None:
    """Write decaying curves; run 7 has a NaN, run 3 a spike, both at a third of the way."""
    names = ["loss", *(f"part{k}/value" for k in range(tags - 1))]
    for k in range(runs):
        noise = np.random.default_rng(k).normal(0, 0.02, steps)
        value = np.exp(-np.arange(steps) / steps * (1 + k % 5)) + noise
        value[steps // 3] = {7: np.nan, 3: 50.0}.get(k, value[steps // 3])
        values = {name: list(enumerate(value.tolist())) for name in names}
        config = {"lr": 10.0 ** -(1 + k % 4)}
        make_run(logdir / f"run{k:03d}", values, config=config, started=STARTED + k)


@pytest.fixture(scope="module")
def many(serve_once):
    return serve_once(lambda logdir: write_runs(logdir, MANY, 4, 600))


@pytest.fixture(scope="module")
def wide(serve_once):
    """One run of 1,500 tags in 150 sections."""

    def write(logdir: Path) -> None:
        tags = {f"layer{k // 10}/p{k % 10}": [(0, 1.0), (1, 2.0)] for k in range(1500)}
        make_run(logdir / "wide", tags)

    return serve_once(write)


def drawn(page: Page, runs: int) -> None:
    """Wait until every chart in view shows all runs."""
    wait_until(
        lambda: (found := page.evaluate(IN_VIEW)) and all(chart == ["1", runs] for chart in found),
        timeout=60,
        every=0.1,
    )


def test_many_lines_are_few_elements(many, open_page):
    page = open_page(many, "/scalars?runs=*")

    drawn(page, MANY)

    assert page.evaluate(ELEMENTS) < 2500
    assert page.locator("[data-vk-tag=loss] canvas.vk-lines").count() == 1
    points = page.evaluate(f"{LOSS}.plan.lines.map((line) => line.x.length)")
    assert len(points) == MANY
    width = page.evaluate(f"{LOSS}.spec.width")
    assert max(points) <= 2 * width + 4


def test_all_windows_come_in_few_requests(many, open_page):
    page = open_page(many, "/scalars?runs=none")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{many.url}/scalars?runs=*")
    drawn(page, MANY)

    assert sum("/api/v1/windows" in url for url in asked) <= 2
    assert sum("/api/v1/tags" in url for url in asked) == 1
    assert not any("/api/v1/series" in url for url in asked)


def test_a_spike_and_a_nan_of_one_run_in_many_are_seen(many, open_page, card):
    page = open_page(many, "/scalars?runs=*&smooth=0")
    drawn(page, MANY)

    expect(page.locator("[data-vk-tag=loss] .vk-note")).to_contain_text("1 NaN")
    finite = "lines.flatMap((line) => [...line.y]).filter(Number.isFinite)"
    assert page.evaluate(f"Math.max(...{LOSS}.plan.{finite})") == 50
    page.evaluate("vk.store.set({zoom: [150, 250]})")
    card(page, "loss", vkPoints=101 * MANY)
    assert page.evaluate(f"{LOSS}.plan.flags.map((flag) => [flag.run, flag.step])") == [
        ["run007", 200]
    ]


def test_the_nearest_of_many_lines_is_brought_to_the_front(many, open_page):
    page = open_page(many, "/scalars?runs=*")
    drawn(page, MANY)
    assert page.locator("[data-vk-tag=loss] .vk-pointed").count() == 0

    page.hover("[data-vk-tag=loss] .vk-plot")

    expect(page.locator(".vk-tip tbody tr")).to_have_count(12)
    expect(page.locator(".vk-tip")).to_contain_text("80 runs, the nearest 12 shown")
    expect(page.locator("[data-vk-tag=loss] .vk-pointed")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(page.locator("[data-vk-tag=loss] .vk-pointed")).to_have_count(0)


def test_groups_are_lines_with_bands_that_follow_the_playhead(many, open_page, card):
    page = open_page(many, GROUPS)

    card(page, "loss", vkLastStep=599)
    expect(page.locator("[data-vk-tag=loss] .vk-area")).to_have_count(4)
    expect(page.locator("[data-vk-tag=loss] .vk-note")).to_contain_text("4 groups, mean ± std")
    page.evaluate("vk.playhead.set(300)")
    card(page, "loss", vkLastStep=300, vkUntil=300)


def test_the_tip_of_groups_tells_mean_spread_and_runs(many, open_page, card):
    page = open_page(many, GROUPS)
    card(page, "loss", vkLastStep=599)

    page.hover("[data-vk-tag=loss] .vk-plot")

    expect(page.locator(".vk-tip tbody tr")).to_have_count(4)
    heads = page.locator(".vk-tip th").all_inner_texts()
    assert heads == ["", "group", "mean", "± std", "median", "min", "max", "runs"]
    assert page.locator(".vk-tip tbody tr td:last-child").all_inner_texts() == ["20"] * 4


def test_the_kind_of_band_is_in_the_address(many, open_page, card):
    page = open_page(many, GROUPS)
    card(page, "loss", vkLastStep=599)

    page.click("text=Min–max")

    expect(page.locator("[data-vk-tag=loss] .vk-note")).to_contain_text("mean, min to max")
    expect(page).to_have_url(re.compile("band=range"))


def test_sections_far_from_the_view_are_empty_until_they_come_near(wide, open_page, card):
    page = open_page(wide)
    card(page, "layer0/p0", vkPoints=2)

    assert page.locator("[data-vk-section]").count() == 150
    assert page.evaluate(ELEMENTS) < 3000
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")

    wait_until(
        lambda: page.locator("[data-vk-section=layer149] .vk-card").count() == 10, timeout=15
    )
    card(page, "layer149/p9", vkPoints=2)
    assert page.evaluate(ELEMENTS) < 3000


def test_a_search_among_many_tags_leaves_what_matches(wide, open_page, card):
    page = open_page(wide)
    card(page, "layer0/p0", vkPoints=2)

    page.fill("#vk-tag-filter", "layer12./p7")

    card(page, "layer120/p7", vkPoints=2)
    expect(page.locator("[data-vk-section]")).to_have_count(10)


def test_a_bar_says_how_far_a_large_folder_is_read(many, open_page, card):
    page = open_page(many)
    card(page, "loss")
    progress = {"indexed": 120_000_000, "total": 480_000_000, "files": 200, "files_done": 50}
    told = {**progress, "runs": 200, "points": 2_000_000, "seconds_left": 3.2, "done": False}

    page.evaluate("told => vk.reading.take(told)", told)

    bar = page.locator(".vk-reading")
    expect(bar).to_have_text(
        "Reading 120 MB of 480 MB, 50 of 200 files, 200 runs, 2 M points, about 4 s left"
    )
    expect(bar).to_have_attribute("aria-valuenow", "25")
    page.evaluate("told => vk.reading.take(told)", {**told, "indexed": 480_000_000, "done": True})
    expect(bar).to_have_count(0)


def renderer_memory(chromium: Browser) -> float:
    """Return the MB that the largest renderer holds alone or shares (PSS)."""
    session = chromium.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    held = []
    for each in processes:
        if each["type"] == "renderer":
            lines = Path(f"/proc/{each['id']}/smaps_rollup").read_text().splitlines()
            held += [int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")]
    return max(held)


@slow
def test_two_hundred_runs_of_ten_tags(
    serve: Callable, open_page: Callable, chromium: Browser, tmp_path: Path
):
    write_runs(tmp_path / "runs", 200, 10, 1000)
    served = serve(tmp_path / "runs")
    page = open_page(served, "/scalars?runs=none")
    wait_until(lambda: page.evaluate("vk.store.get().runs.length") == 200, timeout=60)

    began = time.perf_counter()
    page.goto(f"{served.url}/scalars?runs=*")
    page.fill("#vk-run-filter", "run00")
    expect(page.locator(".vk-sidebar [data-vk-run]")).to_have_count(10)
    usable = time.perf_counter() - began
    page.fill("#vk-run-filter", "")
    drawn(page, 200)

    assert usable < 2
    assert page.evaluate(ELEMENTS) <= 5000
    assert renderer_memory(chromium) <= 250
