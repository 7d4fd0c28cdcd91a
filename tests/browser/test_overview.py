"""The overview: is it healthy? At a glance, live, and as it was at the playhead."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import vizkit
from vizkit.testing import make_run

pytestmark = pytest.mark.browser


def row(page: Page, run: str):
    return page.locator(f'article[data-vk-run="{run}"]')


def test_each_selected_run_has_a_row_that_says_how_it_is(finished, open_page):
    page = open_page(finished, "/?runs=tiny,twin")

    expect(row(page, "tiny")).to_have_attribute("data-vk-last-step", "199")
    expect(row(page, "tiny")).to_have_attribute("data-vk-status", "finished")
    expect(row(page, "tiny")).to_contain_text("step 199 of 200")
    expect(row(page, "twin")).to_have_attribute("data-vk-ready", "1")
    expect(row(page, "long")).to_have_count(0)


def test_a_nan_loss_is_a_finding_and_a_mark_in_the_sparkline(finished, open_page):
    page = open_page(finished, "/?runs=tiny")

    expect(row(page, "tiny")).to_contain_text("Loss became NaN at step 60")
    loss = row(page, "tiny").locator(".vk-spark").first
    expect(loss).to_have_attribute("data-vk-nonfinite", "2")


def test_a_click_on_a_finding_moves_the_playhead_there(finished, open_page):
    page = open_page(finished, "/?runs=tiny")

    page.click("text=Loss became NaN at step 60")

    expect(row(page, "tiny")).to_have_attribute("data-vk-until", "60")
    assert page.evaluate("vk.store.get().until") == 60


def test_the_row_knows_nothing_later_than_the_playhead(finished, open_page):
    page = open_page(finished, "/?runs=tiny&at=50")

    expect(row(page, "tiny")).to_have_attribute("data-vk-until", "50")
    expect(row(page, "tiny")).to_have_attribute("data-vk-last-step", "50")
    expect(row(page, "tiny")).to_have_attribute("data-vk-status", "replay")
    expect(row(page, "tiny")).not_to_contain_text("NaN")
    expect(row(page, "tiny").locator(".vk-spark").first).to_have_attribute(
        "data-vk-last-step", "50"
    )


@pytest.fixture(scope="module")
def special(serve_once):
    return serve_once(write_special_runs)


def write_special_runs(logdir: Path) -> None:
    """Write `a` and `b`, which differ in lr, and `broken`, which failed."""
    for name, lr in (("a", 0.1), ("b", 0.01)):
        make_run(logdir / name, {"loss": [(0, 1.0)]}, config={"batch": 8, "lr": lr})
    failed = {"status": "failed", "error": "RuntimeError: out of memory"}
    make_run(logdir / "broken", {"loss": [(0, 1.0), (1, 0.5)]}, **failed)


def test_keys_that_differ_come_first(special, open_page):
    page = open_page(special, "/?runs=a,b")

    keys = page.locator(".vk-config tbody th")
    expect(keys).to_have_text(["lr", "batch"])
    expect(page.locator(".vk-config tbody tr.vk-differs")).to_have_count(1)


def test_a_failed_run_says_why(special, open_page):
    page = open_page(special, "/?runs=broken")

    expect(row(page, "broken")).to_contain_text("Failed: RuntimeError: out of memory")
    page.click("text=Environment of broken")
    expect(page.locator(".vk-fold-body dl")).to_contain_text("testhost")


def test_a_running_run_moves_on_by_itself(special, open_page):
    page = open_page(special, "/")
    expect(row(page, "a")).to_have_attribute("data-vk-ready", "1")

    with vizkit.Run(special.logdir / "live", total_steps=100) as run:
        run.log({"loss": 0.75}, step=7)
        run.flush()

        expect(row(page, "live")).to_have_attribute("data-vk-last-step", "7")
        expect(row(page, "live")).to_contain_text("running")
        expect(row(page, "live").locator(".vk-vital-value").first).to_have_text("0.75")


def test_a_damaged_file_is_told_with_what_was_passed_over(serve, open_page, tmp_path: Path):
    make_run(tmp_path / "runs" / "hurt", {"loss": [(k, 1.0) for k in range(200)]})
    (events,) = (tmp_path / "runs" / "hurt").glob("*tfevents*")
    content = bytearray(events.read_bytes())
    content[len(content) // 2] ^= 0xFF
    events.write_bytes(content)

    page = open_page(serve(tmp_path / "runs"), "/")

    expect(page.locator(".vk-file-problems")).to_contain_text("1 damaged place, ")
    expect(page.locator(".vk-file-problems")).to_contain_text("hurt/events.out.tfevents")
    expect(row(page, "hurt")).to_have_attribute("data-vk-last-step", "199")


def test_what_vizkit_costs_is_a_warning_only_where_it_is_felt(serve, open_page, tmp_path: Path):
    for name, step_ms in {"tiny": 2.0, "large": 200.0}.items():
        costs = {"perf/vizkit_share": [(k, 0.2) for k in range(9)]}
        paces = {"perf/step_ms": [(k, step_ms) for k in range(9)]}
        make_run(tmp_path / "runs" / name, {"loss": [(k, 1.0) for k in range(9)], **costs, **paces})

    page = open_page(serve(tmp_path / "runs"), "/")

    expect(row(page, "large")).to_contain_text("vizkit uses 20.0 % of the step time")
    expect(row(page, "tiny")).to_contain_text("20.0 % of step")
    expect(row(page, "tiny")).not_to_contain_text("vizkit uses")


def test_metrics_are_told_apart_by_their_whole_tag(finished, open_page):
    page = open_page(finished, "/?runs=tiny")

    expect(row(page, "tiny").locator(".vk-metrics")).to_contain_text("val/loss")


def test_no_runs_teaches_the_two_lines(serve, open_page, tmp_path: Path):
    page = open_page(serve(tmp_path / "runs"), "/")

    expect(page.locator("#vk-page-overview .vk-code")).to_contain_text("vizkit.watch(model")


def test_a_phone_needs_no_sideways_scroll(finished, open_page):
    page = open_page(finished, "/?runs=tiny", phone=True, dark=True)
    expect(row(page, "tiny")).to_have_attribute("data-vk-ready", "1")

    assert page.evaluate("document.documentElement.scrollWidth") == 390
