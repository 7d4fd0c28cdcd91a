"""What is around the pages: tabs, runs, theme, search, keys, phone, a server that goes away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from vizkit.testing import make_run, tiny_run

pytestmark = pytest.mark.browser

NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, [role=slider]')]
  .filter((el) => el.offsetParent && !(el.getAttribute('aria-label') || el.textContent.trim()
    || el.labels?.[0]?.textContent.trim()))
  .map((el) => el.outerHTML.slice(0, 120))"""
OVERFLOW = "() => document.documentElement.scrollWidth - innerWidth"


def test_a_tab_changes_the_page_and_the_back_button_returns(finished, open_page):
    page = open_page(finished, "/scalars")

    page.click("text=Gradients")
    expect(page.locator("#vk-page-gradients")).to_be_visible()
    page.go_back()

    expect(page.locator("#vk-page-scalars")).to_be_visible()
    expect(page.locator("[data-vk-tab=scalars]")).to_have_attribute("aria-current", "page")


def test_a_copied_link_shows_the_same_view(finished, open_page, card):
    page = open_page(finished)
    card(page, "loss")
    page.dblclick("[data-vk-run=tiny] .vk-side-name")
    page.click("text=Log y")
    page.fill("#vk-tag-filter", "^loss$")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"\?runs=tiny&at=1&.*tag=.*&log=1"))

    copy = open_page(finished, page.url.removeprefix(finished.url))

    assert card(copy, "loss", vkUntil=1)["vkLastStep"] == "1"
    expect(copy.locator(".vk-card")).to_have_count(1)
    expect(copy.locator("text=Log y")).to_have_attribute("aria-pressed", "true")
    expect(copy.locator(".vk-side-box:checked")).to_have_count(1)


def test_the_filter_of_runs_is_a_regex_and_says_when_it_is_none(finished, open_page):
    page = open_page(finished)
    expect(page.locator(".vk-side-row")).to_have_count(3)

    page.keyboard.press("/")
    page.keyboard.type("^t(iny|win)$")
    expect(page.locator(".vk-side-row")).to_have_count(2)
    page.fill("#vk-run-filter", "(")

    expect(page.locator("#vk-run-error")).to_contain_text("Not a regular expression")
    expect(page.locator(".vk-side-row")).to_have_count(3)


def test_runs_are_selected_one_by_one_all_or_none(finished, open_page):
    page = open_page(finished)
    boxes = page.locator(".vk-side-box:checked")
    expect(boxes).to_have_count(3)

    page.click("[data-vk-run=long] .vk-side-name")
    expect(boxes).to_have_count(2)
    page.click("text=None")
    expect(boxes).to_have_count(0)
    expect(page.locator(".vk-empty")).to_contain_text("No run is selected")
    page.click("text=All")

    expect(boxes).to_have_count(3)
    expect(page.locator(".vk-sidebar-head")).to_contain_text("3 of 3")


def test_the_theme_follows_the_system_and_can_be_chosen(finished, open_page):
    page = open_page(finished, dark=True)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")

    page.click("[aria-label='Theme: as the system']")

    expect(root).to_have_attribute("data-theme", "light")
    expect(root).to_have_attribute("data-mantine-color-scheme", "light")


def test_search_finds_a_tag_and_shows_its_chart(finished, open_page, card):
    page = open_page(finished, "/scalars")
    card(page, "loss")

    page.keyboard.press("Control+k")
    page.keyboard.type("step_ms")
    page.keyboard.press("Enter")

    card(page, "perf/step_ms")
    expect(page.locator(".vk-card")).to_have_count(1)
    expect(page.locator(".vk-dialog")).to_have_count(0)


def test_question_mark_lists_the_keys_and_escape_leaves(finished, open_page):
    page = open_page(finished)
    expect(page.locator(".vk-side-row")).to_have_count(3)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Play or pause")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("[")
    expect(page.locator("#vk-sidebar")).not_to_be_in_viewport()


def test_everything_to_press_has_a_name(finished, open_page, card):
    page = open_page(finished)
    card(page, "loss")

    assert page.evaluate(NAMELESS) == []


def test_on_a_phone_the_runs_are_a_sheet_and_nothing_scrolls_sideways(finished, open_page, card):
    page = open_page(finished, phone=True)
    card(page, "grad_norm")
    assert page.evaluate(OVERFLOW) == 0
    expect(page.locator("#vk-sidebar")).not_to_be_in_viewport()

    page.click("[aria-label='Show or hide the runs']")

    expect(page.locator(".vk-side-row").first).to_be_in_viewport()
    assert page.evaluate(OVERFLOW) == 0


def test_an_empty_folder_shows_the_lines_that_fill_it(serve, open_page, tmp_path: Path):
    served = serve(tmp_path / "runs")

    page = open_page(served)

    expect(page.locator("#vk-page-scalars .vk-empty code")).to_contain_text("vizkit.watch(")
    expect(page.get_by_role("button", name="Copy the code")).to_be_visible()


def test_a_new_run_appears_and_is_selected(serve, open_page, card, tmp_path: Path):
    served = serve(tmp_path / "runs")
    tiny_run(served.logdir)
    page = open_page(served)
    card(page, "loss", vkPoints=200)

    make_run(served.logdir / "second", {"loss": [(k, 1.0) for k in range(50)]})

    card(page, "loss", vkPoints=250)
    expect(page.locator(".vk-side-box:checked")).to_have_count(2)


def test_a_server_that_went_away_is_announced_and_found_again(
    serve, open_page, card, watched, tmp_path: Path
):
    served = serve(tmp_path / "runs")
    tiny_run(served.logdir)
    page = open_page(served)
    card(page, "loss", vkPoints=200)

    served.stop()
    expect(page.get_by_role("alert").filter(has_text="Server gone")).to_be_visible()
    make_run(served.logdir / "second", {"loss": [(k, 1.0) for k in range(50)]})
    served.start()

    expect(page.get_by_text("Server gone, reconnecting…")).to_have_count(0)
    card(page, "loss", vkPoints=250)
    watched.forgive()  # refused connections are errors to the browser, and were provoked here
