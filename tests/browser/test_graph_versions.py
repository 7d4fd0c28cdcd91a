"""The graph page over versions, comparisons, overlays and graphs logged by name."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.switching import branch, switching
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.versions import STEPS_TAG, VERSION_TAG, Form, Stretch, Version
from vizkit.kinds.vector.value import Vector
from vizkit.testing import make_run

pytestmark = pytest.mark.browser

PAGE = "#vk-page-graph"
MODULES = ("(model)", "a", "b")
BIG, OPS = 100, 49


def ready(page: Page, **expected: object):
    """Wait until the graph has drawn what is expected of its data attributes."""
    for name, value in {"ready": 1, **expected}.items():
        expect(page.locator(PAGE)).to_have_attribute(f"data-vk-{name}", str(value))
    return page.locator(PAGE)


@pytest.fixture(scope="module")
def served(serve_once):
    return serve_once(write_runs)


def write_runs(logdir: Path) -> None:
    """One run that switches at step 100, one with a file's graph alone, one of 5,000 nodes."""
    zeros = [(k, Vector(MODULES, [0.1, k / 200, 0.5])) for k in range(0, 200, 20)]
    nodes = [(k, Vector((":Mul", "/b:Tanh"), [k, 0.5])) for k in range(200)]
    spoilt = Finding(
        "nan_origin", 120, "Tanh of b made the first NaN", "error", paths=("b",),
        node="/b:Tanh", op="Tanh", spread=(":Mul",),
    )  # fmt: skip
    series = {
        **switching(),
        "loss": [(step, 1.0) for step in range(200)],
        "activation_zeros": zeros,
        "node_value": nodes,
        "finding": [(120, spoilt)],
        "net": [(3, file_graph())],
    }
    make_run(logdir / "switch", series)
    make_run(logdir / "file", {"net": [(0, file_graph())]})
    make_run(logdir / "big", big_run())
    make_run(logdir / "flips", flips())


def file_graph() -> Graph:
    nodes = tuple(
        Node(
            f"n{k}", "op", op, f"n{k}", shapes=((1, 8),), order=k, source=f"/home/me/net.py:{k}",
            attributes=(("stride", "2"),),
        )
        for k, op in enumerate(("Conv", "Relu", "Gemm"))
    )  # fmt: skip
    edges = (Edge("n0", "n1"), Edge("n1", "n2"))
    return Graph(nodes, edges, source="onnx", notes=("a custom operator has no shape",))


def big_run() -> dict[str, list[tuple[int, object]]]:
    paths = [f"layer{k}" for k in range(BIG)]
    nodes = tuple(
        Node(f"/{path}:Op{k}", "op", f"Op{k}", f"Op{k}", path, f"/{path}", order=OPS * at + k)
        for at, path in enumerate(paths)
        for k in range(OPS)
    )
    edges = tuple(Edge(a.id, b.id) for a, b in zip(nodes, nodes[1:], strict=False))
    graph = Graph(nodes, edges, tuple(Scope(f"/{p}", p, f"Block{p}") for p in paths), rolled="big")
    names = tuple(paths)
    return {
        VERSION_TAG: [(0, Version(0, graph))],
        STEPS_TAG: [(9, Stretch(0, 9, (Form("big", 10, 0, 9),), turns=((0, 0),)))],
        "forward_ms": [(k, Vector(names, [k + 1.0 + at for at in range(BIG)])) for k in range(10)],
        "loss": [(step, 1.0) for step in range(10)],
    }


def flips() -> dict[str, list[tuple[int, object]]]:
    """A training that takes another branch at each step, and leaves out twelve of them."""
    turns = tuple((step, -1 if 200 <= step < 212 else step % 2) for step in range(300))
    kept = tuple(turn for k, turn in enumerate(turns) if not k or turn[1] != turns[k - 1][1])
    forms = (Form("a", 144, 0, 298, 7), Form("b", 144, 1, 299))
    return {
        VERSION_TAG: [
            (0, Version(0, branch("a"))),
            (1, Version(1, branch("b"), "a", ("b now runs Tanh",))),
        ],
        STEPS_TAG: [(299, Stretch(0, 299, forms, 12, turns=kept))],
        "loss": [(step, 1.0) for step in range(300)],
    }


def test_the_strip_says_what_was_not_looked_at_and_how_often_it_flipped(served, open_page):
    page = open_page(served, "/graph?runs=flips&at=298")

    words = ready(page, version=1, until=298).locator(".vk-strip-words")

    expect(words).to_contain_text("12 of 299 steps were not looked at, to save time")
    expect(words).to_contain_text("came up 144 times")
    expect(words).to_contain_text("7 loop lengths")


def test_a_live_drawing_of_alternating_versions_stays_calm(served, open_page):
    page = open_page(served, "/graph?runs=flips")
    ready(page)

    drawn = page.evaluate("""() => {
        const source = new vk.GraphSource();
        return [1, 2, 1, 2, 3].map((current, i) => {
            const list = { current };
            source.hold(list, 'flips', true);
            if (i === 1) source.news.known.add(1).add(2);
            return list.drawn;
        });
    }""")

    assert drawn == [1, 2, 2, 2, 3]


def test_the_strip_tells_which_version_ran_when_and_how_often(served, open_page):
    page = open_page(served, "/graph?runs=switch")

    graph = ready(page, version=2)

    words = graph.locator(".vk-strip-words")
    expect(words).to_contain_text("version 2 of 2")
    expect(words).to_contain_text("steps 100 to 199")
    expect(words).to_contain_text("ran in 100 (50 %)")
    expect(graph.locator(".vk-strip-chip strong")).to_have_text(["v1", "v2"])
    expect(graph.locator(".vk-strip-chip[aria-pressed=true]")).to_contain_text("v2")
    expect(graph.locator(".vk-graph-changes")).to_contain_text("b now runs Tanh")


def test_what_loops_is_rolled_up_at_first_and_what_does_not_is_not(served, open_page):
    ready(open_page(served, "/graph?runs=switch"), view="calls")

    ready(open_page(served, "/graph?runs=flips"), view="rolled")


def test_a_click_on_a_version_goes_to_its_first_step(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2)

    graph.locator(".vk-strip-chip").first.click()

    ready(page, version=1, until=0)


def test_a_click_on_the_bar_goes_to_that_step(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2)
    box = graph.locator(".vk-strip-bar").bounding_box()

    graph.locator(".vk-strip-bar").click(position={"x": box["width"] * 0.2525, "y": 8})

    ready(page, version=1, until=50)


def test_the_versions_work_by_keyboard(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2)
    graph.locator(".vk-strip-chip[tabindex='0']").focus()

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")

    ready(page, version=1, until=0)


def test_the_playhead_shows_the_version_that_ran_and_lays_out_only_then(served, open_page):
    page = open_page(served, "/graph?runs=switch&at=150")
    graph = ready(page, version=2, until=150)
    layouts = int(graph.get_attribute("data-vk-layouts"))

    page.evaluate("vk.playhead.set(180)")
    ready(page, version=2, until=180, layouts=layouts)
    page.evaluate("vk.playhead.set(50)")
    ready(page, version=1, until=50, layouts=layouts + 1)

    expect(graph.locator(".vk-strip-chip")).to_have_count(1)
    expect(graph.locator("[data-vk-id='/a']")).to_be_visible()


def test_a_comparison_draws_what_changed_and_says_it(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2)

    graph.get_by_label("Compare with").select_option("previous")

    ready(page, against="version 1")
    changes = graph.locator(".vk-graph-changes")
    expect(changes).to_contain_text("+ 1 added")
    expect(changes).to_contain_text("− 1 removed")
    expect(changes.locator(".vk-change")).to_have_text(["b now runs Tanh", "a no longer runs Tanh"])


def test_a_sentence_leads_to_its_nodes(served, open_page):
    page = open_page(served, "/graph?runs=switch&vs=previous")
    graph = ready(page, against="version 1")

    graph.locator(".vk-change", has_text="a no longer").click()

    row = graph.locator("[data-vk-id='/a:Tanh~gone']")
    expect(row).to_contain_class("vk-found")
    expect(row.locator(".vk-tree-change")).to_have_attribute("data-change", "removed")


def test_a_sentence_of_a_version_switches_the_comparison_on(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2, against="")

    graph.locator(".vk-change").first.click()

    ready(page, against="version 1")


def test_overlays_of_modules_say_from_which_step_they_are(served, open_page):
    page = open_page(served, "/graph?runs=switch&overlay=activation_zeros&at=50")

    graph = ready(page, until=50, version=1)

    expect(graph.locator("[data-vk-id='/a'] .vk-tree-value")).to_have_text("20 %")
    expect(graph.locator(".vk-legend-title")).to_have_text(
        "zeros among activations, share, of step 40"
    )
    expect(graph.locator(".vk-legend-tick")).to_have_text(["0", "0.5", "1"])


def test_overlays_without_data_are_off_and_say_what_to_do(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page)
    select = graph.get_by_label("Colour by")

    expect(select.locator("option[value=forward_ms]")).to_be_disabled()
    expect(select.locator("option[value=activation_zeros]")).to_be_enabled()
    expect(select.locator("optgroup[data-group=cost]")).to_have_attribute(
        "label", "Time and memory: pass activations_every=50 to vizkit.watch"
    )


def test_a_finding_is_pinned_at_its_node_from_its_step_on(served, open_page):
    page = open_page(served, "/graph?runs=switch&at=110")
    graph = ready(page, until=110, pins=0)

    page.evaluate("vk.playhead.set(130)")
    ready(page, until=130, pins=1)
    page.evaluate("vk.mounted.Graph.goTo('/b:Tanh')")

    finding = graph.locator(".vk-node-findings li")
    expect(finding).to_contain_text("Tanh of b made the first NaN")
    finding.get_by_text("spread to 1, show").click()
    expect(graph.locator("[data-vk-id=':Mul']")).to_contain_class("vk-found")


def test_values_of_a_tiny_graph_are_those_at_the_playhead(served, open_page):
    page = open_page(served, "/graph?runs=switch&at=120")
    ready(page, until=120)

    page.wait_for_function("vk.mounted.Graph.values && vk.mounted.Graph.values.get(':Mul')")
    assert page.evaluate("vk.mounted.Graph.values.get(':Mul').value") == 120


def test_a_link_shows_the_same_again(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page)
    page.evaluate("vk.playhead.set(150)")
    graph.get_by_label("What is drawn").select_option("calls")
    graph.get_by_label("Compare with").select_option("v:1")
    graph.get_by_label("Colour by").select_option("activation_zeros")
    ready(page, view="calls", against="version 1", until=150)
    page.evaluate("vk.mounted.Graph.goTo('/b:Tanh')")
    page.wait_for_url("**node=**")

    asked = {key: value[0] for key, value in parse_qs(urlsplit(page.url).query).items()}
    again = open_page(served, f"/graph?{urlsplit(page.url).query}")

    assert {key: asked[key] for key in ("at", "view", "vs", "overlay", "node")} == {
        "at": "150", "view": "calls", "vs": "v:1", "overlay": "activation_zeros",
        "node": "/b:Tanh",
    }  # fmt: skip
    shown = ready(again, view="calls", against="version 1", until=150)
    expect(shown.locator(".vk-graph-details h2")).to_have_text("Tanh")
    expect(shown.locator(".vk-graph-crumbs")).to_contain_text("b")


def test_a_graph_of_a_file_is_shown_with_its_facts(served, open_page):
    page = open_page(served, "/graph?runs=file")
    graph = ready(page, view="tag:net", nodes=4)

    graph.locator("[data-vk-id=n0]").click()

    details = graph.locator(".vk-graph-details")
    expect(details.locator(".vk-pairs")).to_contain_text("Conv")
    expect(details.locator(".vk-pairs")).to_contain_text("stride")
    expect(details.locator(".vk-node-source code")).to_have_text("net.py:0")
    expect(graph.locator(".vk-graph-notes-box summary")).to_have_text("One note on what is shown")
    expect(graph.locator(".vk-graph-strip")).to_be_hidden()
    expect(graph.get_by_label("Colour by")).to_have_value("none")


def test_what_ran_is_compared_with_a_file(served, open_page):
    page = open_page(served, "/graph?runs=switch&vs=tag:net")

    graph = ready(page, against="net")

    expect(graph.locator(".vk-graph-changes")).to_contain_text("3 removed")


@pytest.mark.parametrize("text", ["tanh", "Tanh b"])
def test_search_finds_operations_and_counts_them(served, open_page, text):
    page = open_page(served, "/graph?runs=switch")
    graph = ready(page, version=2)

    graph.locator("input[type=search]").fill(text)
    expect(graph.locator(".vk-tree-found")).to_have_text("1 node")
    page.keyboard.press("Enter")

    expect(graph.locator("[data-vk-id='/b:Tanh']")).to_have_attribute("aria-selected", "true")
    expect(graph.locator(".vk-tree-found")).to_have_text("1 of 1 node")


def test_source_files_are_found(served, open_page):
    page = open_page(served, "/graph?runs=file")
    graph = ready(page)

    graph.locator("input[type=search]").fill("net.py")

    expect(graph.locator(".vk-tree-found")).to_have_text("3 nodes")


def test_of_five_thousand_nodes_only_rows_in_sight_are_built(served, open_page):
    page = open_page(served, "/graph?runs=big")
    graph = ready(page)

    page.evaluate("vk.mounted.Graph.expand()")
    graph.locator(".vk-tree").evaluate("list => (list.scrollTop = list.scrollHeight)")

    expect(graph.locator("[data-vk-id='/layer99:Op48']")).to_be_visible()
    assert graph.locator("[role=treeitem]").count() < 120
    assert page.evaluate("vk.mounted.Graph.parts.tree.nodes.length") > BIG * OPS


def test_the_list_stays_full_when_the_graph_is_drawn_anew(served, open_page):
    page = open_page(served, "/graph?runs=big")
    graph = ready(page)

    page.evaluate("vk.mounted.Graph.expand()")

    seen = graph.locator(".vk-tree").evaluate("list => list.clientHeight / 24")
    assert graph.locator("[role=treeitem]").count() >= seen > 13


def test_five_thousand_nodes_are_recoloured_in_no_time(served, open_page):
    page = open_page(served, "/graph?runs=big&overlay=forward_ms")
    graph = ready(page)
    layouts = graph.get_attribute("data-vk-layouts")

    took = page.evaluate("""() => Math.min(...Array.from({ length: 9 }, () => {
        const start = performance.now();
        vk.mounted.Graph.recolor();
        return performance.now() - start;
    }))""")

    assert took < 50
    ready(page, layouts=layouts)


def test_columns_of_the_strip_lose_no_version(served, open_page):
    page = open_page(served, "/graph?runs=switch")
    ready(page)

    shares = page.evaluate("""() => {
        const turns = { step: [0, 700, 701], version: [1, 2, 1] };
        return vk.turnColumns(turns, 0, 1000, 100).map(column => Object.fromEntries(column));
    }""")

    assert [k for k, column in enumerate(shares) if "2" in column] == [70]
    assert shares[70] == {"1": pytest.approx(0.9), "2": pytest.approx(0.1)}
    assert all(sum(column.values()) == pytest.approx(1) for column in shares)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_fits_a_phone(served, open_page, dark):
    page = open_page(served, "/graph?runs=switch&vs=previous", phone=True, dark=dark)

    graph = ready(page, against="version 1")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(graph.locator(".vk-graph-canvas")).to_be_visible()
    expect(graph.locator(".vk-strip-chip")).to_have_count(2)
