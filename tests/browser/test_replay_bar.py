"""The replay bar: what is shown at a playhead is what was known then, on the way to live again."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

import vizkit

pytestmark = pytest.mark.browser

DRAWN = """() => [...document.querySelectorAll('[data-vk-tag]')].map((el) => [el.dataset.vkTag,
  [...el.querySelectorAll('.js-line')].map((path) => path.getAttribute('d')).join(''),
  [...el.querySelectorAll('.xtick, .ytick')].map((tick) => tick.textContent)])"""
DRAWS_AGAIN = f"drawn => JSON.stringify(({DRAWN})()) === drawn"


RASTER = 8  # of 255: Chromium paints the same paths a shade apart after other frames


def largest_difference(one: bytes, other: bytes) -> int:
    """Return the largest difference of a colour of a pixel; the pictures have one size."""
    first, second = (Image.open(BytesIO(png)).convert("RGB") for png in (one, other))
    assert first.size == second.size
    return max(high for _, high in ImageChops.difference(first, second).getextrema())


def bar(page: Page):
    return page.locator("#vk-replay")


def test_at_the_playhead_only_what_was_known_then_is_drawn(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny&at=120")

    loss = card(page, "loss", vkUntil=120)

    assert (loss["vkPoints"], loss["vkLastStep"]) == ("121", "120")
    assert card(page, "val/loss", vkUntil=120)["vkLastStep"] == "119"
    expect(bar(page)).to_have_attribute("data-mode", "paused")
    expect(bar(page)).to_contain_text("step 120 of 199")


def test_long_series_are_read_again_exactly_for_the_playhead(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=long")
    card(page, "loss", vkPoints=20_000)

    page.evaluate("vk.playhead.set(15000)")

    card(page, "loss", vkPoints=15_001, vkLastStep=15_000)


def test_the_keyboard_moves_the_playhead(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss", vkUntil="")

    page.keyboard.press("ArrowLeft")
    card(page, "loss", vkUntil=198)
    page.keyboard.press("Shift+ArrowLeft")
    card(page, "loss", vkUntil=194)
    page.keyboard.press("Home")
    card(page, "loss", vkUntil=0, vkPoints=1)
    page.keyboard.press("ArrowRight")
    card(page, "loss", vkUntil=1, vkPoints=2)
    page.keyboard.press("End")

    card(page, "loss", vkUntil="", vkPoints=200)
    expect(bar(page)).to_have_attribute("data-mode", "following")


def test_the_pointer_scrubs(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")
    track = page.get_by_role("slider", name="Playhead").bounding_box()

    page.mouse.move(track["x"] + track["width"] * 0.25, track["y"] + 14)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.5, track["y"] + 14, steps=10)
    page.mouse.up()

    page.wait_for_function("Math.abs(vk.store.get().until - 100) <= 2")
    until = page.evaluate("vk.store.get().until")
    card(page, "loss", vkUntil=until, vkLastStep=until)


def test_a_replay_ends_in_the_live_view_to_the_pixel(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny,twin&speed=16")
    card(page, "loss", vkPoints=400)
    for tag in ("lr", "grad_norm", "val/accuracy"):
        card(page, tag)
    live = page.evaluate(f"JSON.stringify(({DRAWN})())")
    picture = page.locator(".vk-sections").screenshot()

    page.keyboard.press("Space")
    expect(bar(page)).to_have_attribute("data-mode", "playing")
    expect(bar(page)).to_have_attribute("data-mode", "following")
    card(page, "loss", vkUntil="", vkPoints=400)
    page.wait_for_function(DRAWS_AGAIN, arg=live)

    assert largest_difference(page.locator(".vk-sections").screenshot(), picture) <= RASTER


def test_scrubbing_to_the_last_step_equals_live_for_long_series_too(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=long")
    card(page, "loss", vkPoints=20_000)
    live = page.evaluate(f"JSON.stringify(({DRAWN})())")

    page.evaluate("vk.playhead.set(300)")
    card(page, "loss", vkUntil=300, vkPoints=301)
    page.evaluate("vk.playhead.set(19999)")
    card(page, "loss", vkUntil=19_999, vkPoints=20_000)

    page.wait_for_function(DRAWS_AGAIN, arg=live)


def test_playing_goes_on_from_where_it_was_paused(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny&at=50&speed=4")
    card(page, "loss", vkUntil=50)

    page.click("[aria-label=Play]")
    expect(bar(page)).to_have_attribute("data-mode", "playing")
    page.click("[aria-label=Pause]")

    expect(bar(page)).to_have_attribute("data-mode", "paused")
    at = page.evaluate("vk.store.get().until")
    assert 50 <= at < 199
    card(page, "loss", vkUntil=at)


def test_a_nan_is_marked_on_the_bar_and_a_click_goes_there(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")

    page.click(".vk-track-mark")

    assert page.evaluate("vk.store.get().until") in (60, 61)


def test_a_link_can_replay_one_run(finished, open_page):
    page = open_page(finished, "/scalars?replay=tiny&speed=0.25")

    expect(bar(page)).to_have_attribute("data-mode", "playing")
    assert page.evaluate("[...vk.store.get().selected]") == ["tiny"]


def test_the_past_stays_while_new_points_arrive(serve, open_page, card, tmp_path: Path):
    served = serve(tmp_path / "runs")
    with vizkit.Run(served.logdir / "live") as run:
        for step in range(100):
            run.log({"loss": 1.0 / (step + 1)}, step=step)
        page = open_page(served, "/scalars?at=40")
        card(page, "loss", vkUntil=40, vkPoints=41)

        for step in range(100, 200):
            run.log({"loss": 1.0 / (step + 1)}, step=step)
        expect(bar(page)).to_contain_text("step 40 of 199")
        assert card(page, "loss", vkUntil=40)["vkLastStep"] == "40"
        page.click("text=Follow live")

        card(page, "loss", vkUntil="", vkPoints=200)
