"""Findings in the browser: where a NaN is pinned, what it says, never before it was known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

import vizkit
from tests.browser.conftest import Served
from vizkit.testing import wait_until

pytestmark = pytest.mark.browser

BAD = 40
PIN = "NaN at step 40 of nan"


class Net(nn.Module):
    """Gives NaN while `shift` is negative, and another graph while it is past 100."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.shift = nn.Linear(4, 8), nn.Linear(8, 2), 9.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.head(torch.tanh(self.body(x))) + self.shift
        return torch.log(out) if self.shift < 100 else torch.sqrt(out)


def step_of(net: Net, optimizer: torch.optim.Optimizer, *, apply: bool = True) -> None:
    optimizer.zero_grad()
    net(torch.randn(16, 4)).square().mean().backward()
    kept = [parameter.detach().clone() for parameter in net.parameters()]
    optimizer.step()
    if not apply:
        with torch.no_grad():
            for parameter, value in zip(net.parameters(), kept, strict=True):
                parameter.copy_(value)


def train(logdir: Path) -> None:
    torch._dynamo.utils.counters.clear()  # nothing is run again in a process that compiled
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), 1e-3)
    with vizkit.watch(net, optimizer, logdir=logdir, name="nan", nan_origin=True):
        for step in range(100):
            net.shift = -9.0 if step == BAD else 200.0 if step >= 70 else 9.0
            step_of(net, optimizer, apply=step != BAD)


@pytest.fixture(scope="module")
def broken(serve_once) -> Iterator[Served]:
    """A viewer over a real training that met a NaN at step 40, and another graph at 70."""
    return serve_once(train)


def pins(page: Page, where: str):
    return page.locator(where).get_by_role("button", name=PIN)


def test_a_nan_is_pinned_to_the_charts_of_loss_and_gradients(broken, open_page, card):
    page = open_page(broken, "/scalars?runs=nan")
    card(page, "loss")

    expect(pins(page, '[data-vk-tag="loss"]')).to_have_count(1)
    expect(pins(page, '[data-vk-tag="grad_norm"]')).to_have_count(1)
    expect(pins(page, '[data-vk-tag="lr"]')).to_have_count(0)


def test_a_pin_stands_at_its_step_on_every_axis(broken, open_page, card):
    page = open_page(broken, "/scalars?runs=nan")
    card(page, "loss")
    middle = """() => {
      const chart = document.querySelector('[data-vk-tag="loss"]').vkChart;
      const pin = chart.el.querySelector('.vk-pin');
      if (!pin) return Infinity;
      const box = chart.card.plot.getBoundingClientRect();
      const at = pin.getBoundingClientRect();
      const px = at.left + at.width / 2 - box.left - vk.figure.MARGIN.l;
      const curve = chart.plan.curves[0];
      return px - chart.overlay.pxX(curve.x(curve.points.step.indexOf(40)));
    }"""

    wait_until(lambda: abs(page.evaluate(middle)) < 1)
    for axis in ("relative", "wall"):
        page.evaluate(f"vk.store.set({{axis: '{axis}'}})")
        card(page, "loss")
        wait_until(lambda: abs(page.evaluate(middle)) < 1)


def test_pointing_at_a_pin_or_focusing_it_says_what_was_found(broken, open_page, card):
    page = open_page(broken, "/scalars?runs=nan")
    card(page, "loss")

    for act in ("hover", "focus"):
        getattr(pins(page, '[data-vk-tag="loss"]'), act)()
        tip = page.get_by_role("tooltip").filter(has_text="log in the model")
        expect(tip).to_contain_text("test_findings.py")
        expect(tip).to_contain_text("made the first NaN")
        page.mouse.move(5, 5)
        page.keyboard.press("Tab")
        expect(tip).to_have_count(0)


def test_a_click_on_a_pin_moves_the_playhead_there_and_before_it_there_is_none(
    broken, open_page, card
):
    page = open_page(broken, "/scalars?runs=nan")
    card(page, "loss")

    pins(page, '[data-vk-tag="loss"]').click()
    card(page, "loss", vkUntil=BAD)
    expect(pins(page, '[data-vk-tag="loss"]')).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    card(page, "loss", vkUntil=BAD - 1)

    expect(pins(page, '[data-vk-tag="loss"]')).to_have_count(0)


def test_the_heatmap_has_a_pin_above_the_column_of_the_step(broken, open_page):
    page = open_page(broken, "/gradients?runs=nan")
    expect(page.locator("#vk-page-gradients")).to_have_attribute("data-vk-ready", "1")
    pin = pins(page, ".vk-heat-pins")

    expect(pin).to_have_count(1)
    off = pin.evaluate("""pin => {
      const view = vk.mounted.Gradients.heatmap.view;
      const at = pin.getBoundingClientRect();
      const from = view.canvas.getBoundingClientRect().left;
      const column = vk.columnOf(view.grid, 40);
      return at.left + at.width / 2 - from - (view.xOf(column) + view.xOf(column + 1)) / 2;
    }""")
    assert abs(off) < 1
    page.evaluate("vk.playhead.set(20)")
    expect(pin).to_have_count(0)


def test_the_replay_bar_marks_the_nan_and_the_other_graph(broken, open_page):
    page = open_page(broken, "/?runs=nan")
    bar = page.locator("#vk-replay")

    expect(bar.get_by_role("button", name="NaN @ 40 (nan): log in the model")).to_be_visible()
    expect(bar.get_by_role("button", name="graph v2 @")).to_be_visible()
    bar.get_by_role("button", name="NaN @ 40").click()
    assert page.evaluate("vk.store.get().until") == BAD


def test_the_overview_tells_it_first_with_ways_to_chart_heatmap_and_graph(broken, open_page):
    page = open_page(broken, "/?runs=nan")
    row = page.locator('article[data-vk-run="nan"]')
    finding = row.locator(".vk-finding").first

    expect(finding).to_contain_text("Step 40: log in the model")
    expect(row).not_to_contain_text("Loss became NaN")
    expect(row).not_to_contain_text("node_value")  # tells of a node, not of the run
    finding.get_by_role("button", name="chart").click()
    expect(page.locator('[data-vk-tag="loss"]')).to_be_visible()
    expect(page.locator('[data-vk-tag="lr"]')).to_have_count(0)
    assert page.evaluate("[vk.store.get().page, vk.store.get().until]") == ["scalars", BAD]
    for name, way in (("gradients", "heatmap"), ("graph", "graph")):
        page.evaluate("vk.router.go('overview')")
        finding.get_by_role("button", name=way, exact=True).click()
        assert page.evaluate("[vk.store.get().page, vk.store.get().focusRun]") == [name, "nan"]


def test_the_overview_of_a_moment_before_knows_nothing_of_it(broken, open_page):
    page = open_page(broken, "/?runs=nan&at=30")

    expect(page.locator('article[data-vk-run="nan"]')).to_have_attribute("data-vk-until", "30")
    expect(page.locator(".vk-findings")).not_to_contain_text("log")


@pytest.mark.parametrize("dark", [False, True])
def test_pins_fit_a_phone(broken, open_page, card, dark):
    page = open_page(broken, "/scalars?runs=nan", phone=True, dark=dark)
    card(page, "loss")
    pin = pins(page, '[data-vk-tag="loss"]')

    pin.tap()
    box = page.get_by_role("tooltip").filter(has_text="NaN @ 40").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.evaluate("vk.playhead.follow()")


def test_a_live_nan_is_pinned_within_a_second(serve, tmp_path, open_page, card):
    torch._dynamo.utils.counters.clear()
    served = serve(tmp_path / "runs")
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), 1e-3)
    with vizkit.watch(net, optimizer, logdir=tmp_path / "runs", name="nan", nan_origin=True):
        for _ in range(BAD):
            step_of(net, optimizer)
        page = open_page(served, "/scalars?runs=nan")
        card(page, "loss", vkPoints=BAD)
        assert pins(page, '[data-vk-tag="loss"]').count() == 0

        net.shift = -9.0
        step_of(net, optimizer)

        expect(pins(page, '[data-vk-tag="loss"]')).to_have_count(1, timeout=1000)
