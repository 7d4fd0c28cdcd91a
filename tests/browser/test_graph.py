"""The graph page: the module tree, coloured at the playhead, laid out once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from vizkit.kinds.graph.module_graph import TAG, ModuleGraph, Node
from vizkit.testing import make_run

pytestmark = pytest.mark.browser

PAGE = "#vk-page-graph"


def ready(page: Page, **expected: object):
    """Wait until the graph has drawn what is expected of its data attributes."""
    for name, value in {"ready": 1, **expected}.items():
        expect(page.locator(PAGE)).to_have_attribute(f"data-vk-{name}", str(value))
    return page.locator(PAGE)


def module(
    path: str, op: str, parent: str, order: int, parameters: int = 0, **more: object
) -> Node:
    numbers = {"parameters": parameters, "trainable": parameters, "order": order, **more}
    return Node(path, path.split(".")[-1], path, "module", op, parent=parent, **numbers)


@pytest.fixture(scope="module")
def deep(serve_once):
    return serve_once(write_deep_run)


def write_deep_run(logdir: Path) -> None:
    """Twelve equal blocks of two layers each between an embedding and a frozen head."""
    nodes = [
        Node("", "Net", "", "module", "Net", parameters=340),
        module("embed", "Embedding", "", 1, 40),
    ]
    nodes.append(module("blocks", "ModuleList", "", -1, 240))
    for k in range(12):
        nodes.append(module(f"blocks.{k}", "Block", "blocks", 10 + 3 * k, 20))
        nodes.append(module(f"blocks.{k}.fc", "Linear", f"blocks.{k}", 11 + 3 * k, 20))
        nodes.append(module(f"blocks.{k}.act", "GELU", f"blocks.{k}", 12 + 3 * k))
    nodes.append(module("head", "Linear", "", 99, 60, trainable=0))
    graph = ModuleGraph(nodes=tuple(nodes), notes=("compiled: shapes not seen",))
    make_run(logdir / "deep", {"loss": [(0, 1.0), (1, 0.5)], TAG: [(0, graph)]})


def test_the_module_tree_shows_types_and_values(finished, open_page):
    page = open_page(finished, "/graph?runs=tiny")

    graph = ready(page, nodes=6, layouts=1, colored=4)

    items = graph.locator("[role=treeitem] .vk-tree-name")
    expect(items).to_have_text(["MLP", "fc1", "relu1", "fc2", "relu2", "fc3"])
    expect(graph.locator(".vk-legend")).to_contain_text("gradient norm")


def test_the_playhead_recolours_and_never_lays_out_again(finished, open_page):
    page = open_page(finished, "/graph?runs=tiny&at=10")
    graph = ready(page, until=10, layouts=1)
    early = graph.locator("[data-vk-id=fc1] .vk-tree-value").inner_text()

    page.evaluate("vk.playhead.set(150)")

    ready(page, until=150, layouts=1)
    expect(graph.locator("[data-vk-id=fc1] .vk-tree-value")).not_to_have_text(early)


def test_a_value_is_the_root_of_the_summed_squares_of_its_parameters(finished, open_page):
    page = open_page(finished, "/graph?runs=tiny&at=42")
    ready(page, until=42)

    at = page.evaluate("vk.api.json('at', {run: 'tiny', until: 42, prefix: 'grad_norm/fc2.'})")
    shown = page.evaluate("vk.mounted.Graph.overlay.of(vk.mounted.Graph.model.byId.get('fc2'))")

    assert len(at) == 2
    assert shown == pytest.approx(sum(value**2 for value in at.values()) ** 0.5)


def test_a_click_on_a_box_shows_its_details(finished, open_page):
    page = open_page(finished, "/graph?runs=tiny")
    graph = ready(page, nodes=6)
    box = page.evaluate("vk.mounted.Graph.canvas.boxOf('fc2')")

    graph.locator(".vk-graph-canvas").click(position={"x": box["x"] + 20, "y": box["y"] + 8})

    details = graph.locator(".vk-graph-details")
    expect(details.locator("h2")).to_have_text("fc2")
    expect(details.locator(".vk-node-parameters tbody th")).to_have_text(["weight", "bias"])
    expect(details.locator(".vk-spark")).to_have_attribute("data-vk-points", "160")


def test_the_details_lead_to_the_heatmap_rows(finished, open_page):
    page = open_page(finished, "/graph?runs=tiny")
    ready(page, nodes=6).locator("[data-vk-id=fc2]").click()

    page.click("text=Heatmap rows")

    expect(page.locator("#vk-page-gradients .vk-heat")).to_have_attribute("data-vk-rows", "2")


def test_repeats_fold_into_a_stack_that_opens(deep, open_page):
    page = open_page(deep, "/graph")
    graph = ready(page, nodes=5)
    stack = graph.locator("[role=treeitem]", has_text="×12")
    expect(stack).to_have_attribute("aria-expanded", "false")

    box = page.evaluate("vk.mounted.Graph.canvas.boxOf('blocks.0…11')")
    graph.locator(".vk-graph-canvas").dblclick(position={"x": box["x"] + 60, "y": box["y"] + 12})

    ready(page, nodes=17)
    expect(graph.locator(".vk-graph-notes")).to_have_text("compiled: shapes not seen")
    expect(graph.locator("[data-vk-id=head] .vk-tree-value")).to_have_text("frozen")


def test_search_opens_what_hides_the_module(deep, open_page):
    page = open_page(deep, "/graph")
    graph = ready(page, nodes=5)

    graph.locator("input[type=search]").fill("blocks.7.fc")
    page.keyboard.press("Enter")

    expect(graph.locator("[data-vk-id='blocks.7.fc']")).to_have_attribute("aria-selected", "true")


def test_the_list_works_by_keyboard(deep, open_page):
    page = open_page(deep, "/graph")
    graph = ready(page, nodes=5)
    graph.locator("[role=treeitem][tabindex='0']").focus()

    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "Enter"):
        page.keyboard.press(key)

    expect(graph.locator("[data-vk-id=blocks]")).to_have_attribute("aria-expanded", "false")
    expect(graph.locator(".vk-graph-details h2")).to_have_text("blocks")


def test_a_run_without_a_graph_says_how_to_get_one(finished, open_page):
    page = open_page(finished, "/graph?runs=twin")

    graph = ready(page, nodes=0)

    expect(graph.locator(".vk-empty")).to_contain_text("vizkit.watch(model")
