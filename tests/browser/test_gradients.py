"""The gradients page: parameters by steps as colour, folded, brushed, at the playhead."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import vizkit
from vizkit.testing import make_run

pytestmark = pytest.mark.browser

PAGE = "#vk-page-gradients"
PIXEL = """([row, column]) => {
  const {view} = vk.mounted.Gradients.heatmap;
  return [...view.cells.getContext('2d').getImageData(column, row, 1, 1).data];
}"""


def ready(page: Page, **expected: object):
    """Wait until the heatmap has drawn what is expected of its data attributes."""
    for name, value in {"ready": 1, **expected}.items():
        expect(page.locator(PAGE)).to_have_attribute(f"data-vk-{name}", str(value))
    return page.locator(f"{PAGE} .vk-heat")


@pytest.fixture(scope="module")
def special(serve_once):
    return serve_once(write_special_runs)


def write_special_runs(logdir: Path) -> None:
    """Write `wide` with 1,000 parameters, `small` with 6, `broken` and `frozen`.

    `w` is NaN at step 3 of `broken`, and at every step of `frozen`, whose `b` broke at step 3.
    """
    write_blocks(logdir / "wide", 500)
    write_blocks(logdir / "small", 3)
    values = [np.float32([np.nan if step == 3 else 1, 0.1]) for step in range(6)]
    make_run(logdir / "broken", {"grad_norm/*": vectors(values)})
    values = [np.float32([np.nan, np.nan if step == 3 else 0.1]) for step in range(6)]
    total = [(step, float(value[1])) for step, value in enumerate(values)]
    make_run(logdir / "frozen", {"grad_norm/*": vectors(values), "grad_norm": total})


def vectors(values):
    return [(step, vizkit.Vector(("w", "b"), value)) for step, value in enumerate(values)]


def write_blocks(folder: Path, blocks: int) -> None:
    names = tuple(f"blocks.{k}.{part}" for k in range(blocks) for part in ("weight", "bias"))
    values = np.linspace(1e-4, 1, len(names), dtype=np.float32)
    make_run(folder, {"grad_norm/*": [(step, vizkit.Vector(names, values)) for step in range(6)]})


def test_every_parameter_is_a_row_and_every_step_a_column(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny")

    ready(page, rows=6, columns=200, **{"last-step": 199})

    names = page.locator(f"{PAGE} .vk-heat-name")
    expect(names).to_have_text([f"fc{n}.{part}" for n in (1, 2, 3) for part in ("weight", "bias")])


def test_nothing_later_than_the_playhead_is_drawn(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny&at=80")

    ready(page, until=80, **{"last-step": 80})

    assert page.evaluate(PIXEL, [0, 80])[3] == 255
    assert page.evaluate(PIXEL, [0, 81])[3] == 0


def test_a_click_on_a_cell_moves_the_playhead_and_selects_the_row(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny")
    heat = ready(page, rows=6)
    x, y = page.evaluate(
        "() => { const h = vk.mounted.Gradients.heatmap;"
        " return [h.view.xOf(120) + 1, 1.5 * h.rowHeight]; }"
    )

    heat.locator("canvas").click(position={"x": x, "y": y})

    ready(page, until=120)
    expect(heat.locator(".vk-heat-name.vk-selected")).to_have_text("fc1.bias")
    expect(page.locator(f"{PAGE} .vk-chart-names").first).to_have_text("fc1.bias")


def test_brushed_names_become_lines(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny")
    heat = ready(page, rows=6)

    heat.locator(".vk-heat-name", has_text="fc1.weight").click()
    heat.locator(".vk-heat-name", has_text="fc2.weight").click(modifiers=["Shift"])

    names = page.locator(f"{PAGE} .vk-chart-names").first.locator("li")
    expect(names).to_have_text(["fc1.weight", "fc1.bias", "fc2.weight"])


def test_arrow_keys_move_the_cell_and_enter_the_playhead(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny")
    heat = ready(page, rows=6)
    heat.locator(".vk-heat-scroll").focus()

    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)

    ready(page, until=2)
    expect(heat.locator(".vk-heat-name.vk-selected")).to_have_text("fc1.bias")


def test_the_ratio_view_explains_its_healthy_band(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny")
    ready(page, metric="grad_norm")

    page.click("role=radio[name='update/weight ratio']")

    ready(page, metric="update_ratio")
    expect(page.locator(f"{PAGE} .vk-page-hint").first).to_contain_text("CS231n")
    assert "metric=update_ratio" in page.evaluate(
        "() => new Promise((done) => setTimeout(() => done(location.search), 400))"
    )


def test_a_thousand_parameters_come_folded_and_draw_fast(special, open_page):
    page = open_page(special, "/gradients?runs=wide")
    heat = ready(page, parameters=1000, rows=1)

    page.click("text=Unfold all")

    expect(heat).to_have_attribute("data-vk-rows", "1000")
    assert heat.locator(".vk-heat-name").count() < 100


def test_a_name_folds_with_its_module(special, open_page):
    page = open_page(special, "/gradients?runs=small")
    heat = ready(page, rows=6)

    page.click("role=button[name='Fold blocks.1, 2 parameters']")

    expect(heat).to_have_attribute("data-vk-rows", "5")
    expect(heat.locator(".vk-heat-name").nth(2)).to_contain_text("blocks.1×2")


def test_non_finite_norms_are_magenta(special, open_page):
    page = open_page(special, "/gradients?runs=broken")

    ready(page, rows=2, columns=6)

    assert page.evaluate(PIXEL, [0, 3]) == [230, 0, 126, 255]
    assert page.evaluate(PIXEL, [1, 3]) != [230, 0, 126, 255]


def test_a_run_without_gradients_says_how_to_get_them(finished, open_page):
    page = open_page(finished, "/gradients?runs=twin")

    ready(page, rows=0)

    expect(page.locator(f"{PAGE} .vk-empty")).to_contain_text("vizkit.watch(model")


def test_a_phone_needs_no_sideways_scroll(finished, open_page):
    page = open_page(finished, "/gradients?runs=tiny", phone=True)
    ready(page, rows=6)

    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_frozen_parameter_has_no_data_and_is_not_broken(special, open_page):
    page = open_page(special, "/gradients?runs=frozen")

    ready(page, rows=2, columns=6)

    assert page.evaluate(PIXEL, [0, 2])[3] == 0
    assert page.evaluate(PIXEL, [0, 3])[3] == 0
    assert page.evaluate(PIXEL, [1, 2])[3] == 255
    assert page.evaluate(PIXEL, [1, 3]) == [230, 0, 126, 255]
