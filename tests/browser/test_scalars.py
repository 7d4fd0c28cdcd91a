"""The scalars page: charts show every point there is, exactly, and say what they show."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import vizkit
from vizkit.testing import STARTED, make_run

pytestmark = pytest.mark.browser

# Let plotly draw the lines of a chart as well; compare the vertices of both drawings.
OURS_AGAINST_PLOTLY = """async (range) => {
  const chart = document.querySelector('[data-vk-tag="loss"]').vkChart;
  const spec = {...chart.spec, want: {...chart.spec.want, zoom: range || null}};
  const plan = vk.compose(spec);
  chart.painter.full(plan, spec);
  const theirs = document.body.appendChild(document.createElement('div'));
  const {data, layout, config} = vk.figure;
  await Plotly.newPlot(theirs, data(plan), layout(plan, spec), config);
  const numbers = (paths) => [...paths].map((path) => path.getAttribute('d')).join('M')
    .match(/-?[0-9.]+(e-?[0-9]+)?/g).map(Number);
  const slow = numbers(theirs.querySelectorAll('.scatterlayer .js-line'));
  const fast = numbers(chart.card.plot.querySelectorAll('.vk-line'));
  theirs.remove();
  const worst = slow.reduce((most, x, i) => Math.max(most, Math.abs(x - fast[i])), 0);
  return {slow: slow.length, fast: fast.length, worst};
}"""


CHART = "document.querySelector('[data-vk-tag=loss]').vkChart"
SECTIONS = "all => all.map((el) => el.dataset.vkSection)"
SMOOTHED = """values => {
  const points = new vk.Points({step: values.map((_, i) => i), wall: values, value: values});
  return Array.from(points.smoothed(0.9)).slice(0, values.length);
}"""
LOOKS = "vk.runs.selected().map(({run}) => vk.colors.of(run) + vk.colors.dash(run))"


def debiased_ema(values, weight):
    """Average as TensorBoard's line chart does. Source: its data-series.ts, smoothed accessor."""
    last, out = 0.0, []
    for count, value in enumerate(values, start=1):
        last = last * weight + (1 - weight) * value
        out.append(last / (1 - weight**count))
    return out


@pytest.fixture(scope="module")
def special(serve_once):
    """`big` has 3,000 parameters, `again` was restarted at step 50, `run00` to `run13` are many.

    `steps` jumps from 0 to 1 in the middle of 20,000 points.
    """

    def write(logdir: Path) -> None:
        names = tuple(f"layer{k}.weight" for k in range(3000))
        rows = [(step, vizkit.Vector(names, np.ones(3000, np.float32))) for step in range(3)]
        make_run(logdir / "big", {"grad_norm/*": rows}, started=STARTED - 9)
        make_run(logdir / "again", {"loss": [(k, 2.0) for k in range(100)]}, started=STARTED - 8)
        later = {"loss": [(k, 1.0) for k in range(50, 200)]}
        make_run(logdir / "again", later, started=STARTED + 1000)
        steps = [(k, float(k >= 10_000)) for k in range(20_000)]
        make_run(logdir / "steps", {"loss": steps}, started=STARTED - 7)
        for k in range(14):
            loss = [(step, 1.0 + k + step) for step in range(5)]
            make_run(logdir / f"run{k:02d}", {"loss": loss}, started=STARTED + k)

    return serve_once(write)


def test_each_tag_has_a_card_in_the_section_of_its_prefix(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss", vkPoints=200, vkLastStep=199)

    sections = page.locator("[data-vk-section]").evaluate_all(SECTIONS)

    assert sections == ["main", "val", "perf", "grad_norm/*", "update_ratio/*", "weight_norm/*"]
    expect(page.locator("[data-vk-section=val] .vk-card")).to_have_count(2)
    expect(page.locator("[data-vk-section='grad_norm/*'] .vk-card")).to_have_count(0)


def test_one_chart_per_parameter_opens_on_request(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")

    page.click("[data-vk-section='grad_norm/*'] .vk-section-head")

    card(page, "grad_norm/fc1.weight", vkPoints=200)
    expect(page.locator("[data-vk-section='grad_norm/*'] .vk-card")).to_have_count(6)


def test_thousands_of_parameters_come_a_page_at_a_time(special, open_page, card):
    page = open_page(special, "/scalars?runs=big&open=grad_norm/*")
    card(page, "grad_norm/layer0.weight", vkPoints=3)

    page.click("[aria-label='Next charts']")

    card(page, "grad_norm/layer24.weight", vkPoints=3)
    expect(page.locator(".vk-card")).to_have_count(24)


def test_a_nan_loss_is_marked_counted_and_named_under_the_pointer(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny&smooth=0")
    card(page, "loss")
    chart = page.locator("[data-vk-tag=loss]")
    expect(chart.locator(".vk-note")).to_contain_text("1 NaN, 1 Inf")

    spot = chart.evaluate("el => el.vkChart.overlay.spots.find((s) => Number.isNaN(s.value)).px")
    box = chart.locator(".vk-overlay").bounding_box()
    page.mouse.move(box["x"] + spot, box["y"] + box["height"] - 4)

    expect(page.locator(".vk-tip-flag")).to_contain_text("NaN @ 60")


def test_the_crosshair_is_on_all_cards_with_the_values_of_all_runs(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny,twin&smooth=0")
    card(page, "loss", vkPoints=400)
    card(page, "lr")

    page.hover("[data-vk-tag=loss] .vk-plot")

    expect(page.locator(".vk-tip tbody tr")).to_have_count(2)
    expect(page.locator("[data-vk-tag=lr] .vk-cross")).to_have_css("display", "inline")


@pytest.mark.parametrize("zoom", [None, [10, 90], [58.5, 140.25]])
def test_our_lines_are_those_that_plotly_draws(finished, open_page, card, zoom):
    page = open_page(finished, "/scalars?runs=tiny,twin")
    card(page, "loss", vkPoints=400)

    compared = page.evaluate(OURS_AGAINST_PLOTLY, zoom)

    assert compared["slow"] == compared["fast"] > 300
    assert compared["worst"] <= 0.1  # px


def test_smoothing_is_the_average_that_tensorboard_draws(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=twin")
    card(page, "loss")
    values = [3.0 / (k + 1) for k in range(200)]

    drawn = page.evaluate(SMOOTHED, values)

    assert drawn == pytest.approx(debiased_ema(values, 0.9))


def test_a_spike_survives_thinning_and_a_zoom_reads_exact_points(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=long&smooth=0")
    card(page, "loss", vkPoints=20_000)
    note = page.locator("[data-vk-tag=loss] .vk-note")
    expect(note).to_have_text("20 k points, min/max shown")
    assert page.evaluate(f"Math.max(...{CHART}.plan.lines[0].y)") == 5

    page.evaluate("vk.store.set({zoom: [12000, 12999]})")

    card(page, "loss", vkPoints=1000)
    expect(note).to_have_text("1,000 points")
    expect(page).to_have_url(f"{finished.url}/scalars?runs=long&smooth=0&zoom=12000..12999")


def test_a_drag_zooms_all_cards_and_a_double_click_returns(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")
    box = page.locator("[data-vk-tag=loss] .vk-overlay").bounding_box()

    page.mouse.move(box["x"] + 50, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 60, steps=5)
    page.mouse.up()
    low, high = page.evaluate("vk.store.get().zoom")
    assert 0 < low < high < 199
    card(page, "lr", vkLastStep=int(high) + 1)
    page.mouse.dblclick(box["x"] + 80, box["y"] + 60)

    card(page, "lr", vkLastStep=199)
    assert page.evaluate("vk.store.get().zoom") is None


def test_new_points_arrive_without_a_reload(serve, open_page, card, tmp_path: Path):
    served = serve(tmp_path / "runs")
    with vizkit.Run(served.logdir / "live") as run:
        run.log({"loss": 1.0}, step=0)
        page = open_page(served)
        card(page, "loss", vkPoints=1)

        for step in range(1, 300):
            run.log({"loss": 1.0 / step}, step=step)

        card(page, "loss", vkPoints=300, vkLastStep=299)
        expect(page.locator(".vk-live")).to_contain_text("1 run")


def test_time_axes_show_the_same_points(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")

    for axis, name in [("Relative", "relative time (s)"), ("Wall", "wall time")]:
        page.click(f"text={axis}")
        expect(page.locator("[data-vk-tag=loss] .vk-axis-name")).to_have_text(name)
        card(page, "loss", vkPoints=200)


def test_the_csv_of_a_card_holds_every_point(finished, open_page, card):
    page = open_page(finished, "/scalars?runs=tiny,twin")
    card(page, "loss", vkPoints=400)
    page.hover("[data-vk-tag=loss]")

    page.click("[data-vk-tag=loss] [aria-label='Save as…']")
    with page.expect_download() as download:
        page.click("text=CSV, every point")

    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [row["run"] for row in rows].count("twin") == 200
    assert len(rows) == 400


@pytest.mark.parametrize("kind", ["PNG", "SVG"])
def test_a_chart_can_be_kept_as_an_image(finished, open_page, card, kind):
    page = open_page(finished, "/scalars?runs=tiny")
    card(page, "loss")
    page.hover("[data-vk-tag=loss]")

    page.click("[data-vk-tag=loss] [aria-label='Save as…']")
    with page.expect_download() as download:
        page.click(f"text={kind} image")

    assert download.value.suggested_filename == f"loss.{kind.lower()}"
    assert Path(download.value.path()).stat().st_size > 5000


def test_a_restarted_run_shows_its_earlier_attempt_as_a_ghost(special, open_page, card):
    page = open_page(special, "/scalars?runs=again&smooth=0")

    card(page, "loss", vkLastStep=199)

    lines = page.evaluate(f"{CHART}.plan.lines.map((line) => line.dash)")
    assert lines == ["3px,3px", "solid"]


def test_dashed_lines_tell_runs_apart_beyond_twelve_colours(special, open_page, card):
    page = open_page(special, "/scalars?runs=*&hide=big,again,steps")

    card(page, "loss", vkPoints=14 * 5)

    looks = page.evaluate(LOOKS)
    assert len(set(looks)) == len(looks) == 14


@pytest.mark.parametrize("axis", ["relative", "wall"])
def test_a_ghost_is_on_every_axis(special, open_page, card, axis):
    page = open_page(special, f"/scalars?runs=again&smooth=0&axis={axis}")

    card(page, "loss", vkLastStep=199)

    lines = page.evaluate(f"{CHART}.plan.lines.map((line) => [line.dash, line.x.length])")
    assert lines == [["3px,3px", 50], ["solid", 200]]


def test_smoothing_does_not_begin_anew_at_the_edge_of_a_zoom(special, open_page, card):
    page = open_page(special, "/scalars?runs=steps&smooth=0.9")
    card(page, "loss", vkPoints=20_000)

    page.evaluate("vk.store.set({zoom: [10010, 10500]})")

    card(page, "loss", vkPoints=491)
    assert page.locator("[data-vk-tag=loss] .vk-note").inner_text() == "491 points, smoothed"
    first = "(({smooth, from, points}) => [points.step[from + 1], smooth[from + 1]])"
    left = page.evaluate(f"{first}({CHART}.plan.curves[0])")
    exact = debiased_ema([float(step >= 10_000) for step in range(9_900, 10_011)], 0.9)[-1]
    assert left == [10_010, pytest.approx(exact, abs=0.01)]


def test_an_old_window_stays_until_the_new_one_has_come(special, open_page, card):
    page = open_page(special, "/scalars?runs=steps&smooth=0")
    card(page, "loss", vkPoints=20_000)
    page.evaluate("vk.store.set({zoom: [8000, 12000]})")
    card(page, "loss", vkPoints=4001)

    drawn = page.evaluate(f"""() => {{
      vk.store.set({{zoom: [9900, 10100]}});
      {CHART}.draw();
      return [{CHART}.plan.pending, {CHART}.plan.lines[0].x.length];
    }}""")

    assert drawn[0]
    assert drawn[1] > 50
    card(page, "loss", vkPoints=201)


def test_a_run_that_is_not_here_is_said_so(special, open_page):
    page = open_page(special, "/scalars?runs=nowhere")

    expect(page.locator("text=The selected run is not here")).to_be_visible()
