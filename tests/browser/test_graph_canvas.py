"""The graph's model, layout and canvas, as the browser has them, on graphs made by hand."""

from __future__ import annotations

import base64
import random
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.playback.graphs_document import compared, document
from vizkit.testing import wait_until

pytestmark = pytest.mark.browser

SPARE = (Path(__file__).parent / "spare_canvas.js").read_text()


def op(name: str, scope: str = "", order: int = 0, **more: Any) -> Node:
    path = scope.strip("/").replace("/", ".")
    shapes = more.pop("shapes", ((4, 8),))
    kind = more.pop("kind", "op")
    word = name.split(":")[-1].split(".")[0]
    return Node(
        name,
        kind,
        word,
        "0" if kind == "input" else word,
        path,
        scope,
        shapes,
        order=order,
        **more,
    )


def weight(name: str, shape: tuple[int, ...] = (8, 8), state: str = "") -> Node:
    size = 1
    for each in shape:
        size *= each
    path = name.rpartition(".")[0]
    return Node(
        f"parameter:{name}",
        "parameter",
        "Parameter",
        name,
        path,
        "",
        (shape,),
        (),
        size,
        state=state,
    )


def call(path: str, kind: str, parent: str = "/", turn: int = 0) -> Scope:
    return Scope(f"/{path.replace('.', '/')}", path, kind, "" if not path else parent, turn)


def flow(*names: str, shape: tuple[int, ...] = (4, 8)) -> tuple[Edge, ...]:
    """Edges along a chain of nodes."""
    return tuple(Edge(a, b, shape=shape) for a, b in zip(names, names[1:], strict=False))


def net() -> Graph:
    """Two linear layers and what is between; a third module that was never called."""
    nodes = (
        op("fc1:T", "/fc1", 0),
        op("fc1:Addmm", "/fc1", 1),
        op("Relu", "/", 2),
        op("fc2:Addmm", "/fc2", 3, shapes=((4, 2),)),
        op("Mean", "", 4, shapes=((),)),
        op("input:0", "", -1, kind="input"),
        op("loss:0", "", -1, kind="loss", shapes=((),)),
        weight("fc1.weight"),
        weight("fc1.bias", (8,)),
        weight("fc2.weight", (2, 8), "frozen"),
        weight("spare.weight", (3, 3), "unused"),
    )
    edges = (
        *flow("parameter:fc1.weight", "fc1:T", "fc1:Addmm"),
        *flow("parameter:fc1.bias", "fc1:Addmm"),
        *flow("parameter:fc2.weight", "fc2:Addmm"),
        *flow("input:0", "fc1:Addmm", "Relu", "fc2:Addmm", "Mean", "loss:0"),
    )
    scopes = (
        call("", "Net"),
        call("fc1", "Linear"),
        call("fc2", "Linear"),
        Scope("uncalled:spare", "spare", "Linear", "", -1, "uncalled"),
    )
    # More nodes than a circuit has.
    more = tuple(op(f"Pow.{k}", "", 5 + k) for k in range(8))
    return Graph((*nodes, *more), (*edges, *flow("Mean", *(node.id for node in more))), scopes)


def layers(count: int) -> Graph:
    """Equal residual blocks: each adds to what came in what its two operations make of it."""
    nodes, edges, scopes = [op("start", "/", 0)], [], [call("", "Net")]
    last = "start"
    for k in range(count):
        scope = f"/blocks.{k}"
        ids = [f"{scope}:{word}" for word in ("Mm", "Gelu", "Add")]
        scopes.append(Scope(scope, f"blocks.{k}", "Block", "/"))
        nodes += [
            replace(op(name, scope, 3 * k + i + 1), path=f"blocks.{k}")
            for i, name in enumerate(ids)
        ]
        edges += [*flow(last, *ids), *flow(last, ids[2])]
        last = ids[2]
    nodes.append(op("end", "/", 3 * count + 1))
    edges += flow(last, "end")
    return Graph(tuple(nodes), tuple(edges), tuple(scopes))


def loop() -> Graph:
    """A hidden state that 24 turns of one cell pass on."""
    nodes, edges = [op("input:0", "", -1, kind="input")], []
    scopes = [call("", "Net")]
    for turn in range(24):
        scope = "/cell" + (f"#{turn}" if turn else "")
        scopes.append(Scope(scope, "cell", "RNNCell", "/", turn))
        for i, word in enumerate(("Add", "Tanh")):
            node = op(f"{word}.{turn}", scope, 2 * turn + i, shapes=((4 + turn, 16),))
            nodes.append(replace(node, op=word, name=word, path="cell"))
        edges += flow(f"Add.{turn}", f"Tanh.{turn}")
        edges += flow(f"Tanh.{turn - 1}", f"Add.{turn}") if turn else ()
    return Graph(tuple(nodes), tuple(edges), tuple(scopes))


def tangle(count: int, seed: int) -> Graph:
    """Operations that each read one to three of those before them."""
    chance = random.Random(seed)
    nodes = tuple(op(f"Op{k}", "", k) for k in range(count))
    edges = []
    for k in range(1, count):
        for source in {max(0, k - chance.randrange(1, 9)) for _ in range(chance.randrange(1, 4))}:
            edges += flow(f"Op{source}", f"Op{k}")
    return Graph(nodes, tuple(edges))


@pytest.fixture
def spare(finished, open_page) -> Page:
    """A page with a canvas of our own over it."""
    page = open_page(finished, "/graph?runs=tiny")
    expect(page.locator("#vk-page-graph")).to_have_attribute("data-vk-ready", "1")
    page.evaluate(SPARE)
    return page


@pytest.fixture
def show(spare: Page) -> Callable[..., Mapping[str, str]]:
    """Show a graph on the spare canvas; returns the canvas' data attributes."""

    def go(
        graph: Graph | dict[str, Any],
        opened: Iterable[str] | None = None,
        form: str = "calls",
        **more: Any,
    ):
        told = graph if isinstance(graph, dict) else {**document(graph, form), "ranges": {}}
        arguments = [
            told,
            None if opened is None else list(opened),
            more.get("anchor"),
            more.get("options", {}),
        ]
        return spare.evaluate("(given) => spare.show(...given)", arguments)

    return go


def tree(page: Page, node: str = "spare.model.root") -> Any:
    """Titles of a node's children, each with its children's where it has some."""
    return page.evaluate(
        f"(() => {{ const told = (n) => n.children.length ? [vk.nodeTitle(n), n.children.map(told)]"
        f" : vk.nodeTitle(n); return told({node})[1]; }})()"
    )


def of(page: Page, node: str, what: str) -> Any:
    return page.evaluate(
        f"(id) => {{ const node = spare.model.byId.get(id); return {what}; }}", node
    )


BOXES = "spare.boxes()"
WIRES = "spare.wires()"


# -- the model


def test_calls_and_operations_become_a_tree_in_the_order_they_ran(spare, show):
    show(net())

    assert tree(spare)[:3] == [
        "input",
        ["Net", [["fc1", ["Addmm"]], "Relu", ["fc2", ["Addmm"]], "spare"]],
        "Mean",
    ]
    assert of(spare, "uncalled:spare", "node.isIdle") is True


def test_parameters_are_badges_on_what_reads_them(spare, show):
    show(net())

    badges = "node.badges.map(({name, shape, state}) => [name, shape, state])"
    assert of(spare, "fc1:Addmm", badges) == [["weight", "8×8", ""], ["bias", "8", ""]]
    assert of(spare, "fc2:Addmm", badges) == [["weight", "2×8", "frozen"]]
    assert of(spare, "uncalled:spare", badges) == [["weight", "3×3", "unused"]]
    assert of(spare, "/", "[node.parameters, node.trainable]") == [64 + 8 + 16 + 9, 64 + 8 + 9]


def test_the_transpose_of_a_weight_is_no_box_and_leads_to_what_reads_it(spare, show):
    show(net())

    assert spare.evaluate("spare.model.byId.has('fc1:T')") is False
    assert spare.evaluate("spare.model.aliases.get('fc1:T')") == "fc1:Addmm"


def test_a_tiny_graph_has_its_parameters_as_nodes(spare, show):
    graph = Graph(
        (op("Mul", "", 0), op("loss:0", "", -1, kind="loss"), weight("0", ()), weight("1", ())),
        (*flow("parameter:0", "Mul", "loss:0"), *flow("parameter:1", "Mul")),
    )

    show(graph)

    assert tree(spare) == ["parameter 0", "parameter 1", "Mul", "loss 0"]
    assert spare.evaluate("spare.model.isCircuit") is True


def test_a_shared_parameter_counts_once(spare, show):
    nodes = (op("A", "/a", 0), op("B", "/b", 1), weight("tied"))
    edges = (*flow("parameter:tied", "A", "B"), *flow("parameter:tied", "B"))
    graph = Graph(nodes, edges, (call("", "Net"), call("a", "Tie"), call("b", "Tie")))

    show(graph, options={"circuit": False})

    assert [of(spare, each, "node.parameters") for each in ("A", "B", "/")] == [64, 64, 64]


def test_equal_layers_are_a_stack_that_opens(spare, show):
    show(layers(12))

    stack = spare.evaluate("spare.model.root.children[0].children[1].id")
    assert of(spare, stack, "[node.kind, node.countText, node.children.length]") == [
        "stack",
        "×12",
        12,
    ]
    assert of(spare, "/blocks.3", "node.parent.isStack") is True


def test_calls_of_one_module_are_a_stack_of_its_name(spare, show):
    show(loop())

    assert tree(spare, "spare.model.byId.get('/')")[0][0] == "cell"


def test_equal_modules_with_names_of_their_own_stay_apart(spare, show):
    names = ["query", "key", "value"]
    nodes = tuple(op(f"{name}:Mm", f"/{name}", k) for k, name in enumerate(names))
    show(Graph(nodes, (), (call("", "Net"), *(call(name, "Linear") for name in names))))

    assert [title for title, _ in tree(spare, "spare.model.byId.get('/')")] == names


def test_a_rolled_loop_tells_how_often_it_ran_and_how_large(spare, show):
    told = document(loop(), "rolled")
    ranges = {
        node: [5, 24, [4, 16], [24, 16]] for node in told["counts"] if node.startswith("/cell")
    }

    show({**told, "ranges": ranges})

    node = of(
        spare, "/cell:Tanh", "[node.count, node.countText, vk.outputText(node), vk.nodeTitle(node)]"
    )
    assert node == [24, "×5–24", "4–24×16", "Tanh"]
    assert of(spare, "/cell", "[node.countText, node.hasLoop]") == ["×5–24", True]
    links = of(
        spare, "/cell", "[...node.links.values()].map((l) => [l.from.id, l.to.id, l.isBack])"
    )
    assert sorted(links) == [["/cell:Add", "/cell:Tanh", False], ["/cell:Tanh", "/cell:Add", True]]


def test_edges_are_lifted_to_where_both_ends_are_siblings(spare, show):
    show(net())

    links = of(spare, "/", "[...node.links.values()].map((l) => [l.from.name, l.to.name, l.shape])")
    assert links == [["fc1", "Relu", [4, 8]], ["Relu", "fc2", [4, 8]]]
    assert of(spare, "/fc2", "[...node.entries].map((n) => n.id)") == ["fc2:Addmm"]


def test_the_way_through_a_node_goes_up_and_down(spare, show):
    show(layers(2))

    up, down = spare.evaluate("spare.path('/blocks.0:Add')")
    assert sorted(up) == ["/blocks.0:Add", "/blocks.0:Gelu", "/blocks.0:Mm", "start"]
    assert sorted(down) == [
        "/blocks.0:Add",
        "/blocks.1:Add",
        "/blocks.1:Gelu",
        "/blocks.1:Mm",
        "end",
    ]


def changed() -> dict[str, Any]:
    """The net after its activation became another and a branch was added."""
    old = net()
    nodes = tuple(
        replace(n, id="Gelu", op="Gelu", name="Gelu") if n.id == "Relu" else n for n in old.nodes
    )
    edges = tuple(
        replace(
            e, src="Gelu" if e.src == "Relu" else e.src, dst="Gelu" if e.dst == "Relu" else e.dst
        )
        for e in old.edges
    )
    return {**compared(old, replace(old, nodes=nodes, edges=edges), "calls"), "ranges": {}}


def test_a_container_tells_what_changed_in_it(spare, show):
    show(changed())

    assert of(spare, "/", "node.changes") == {"added": 1, "removed": 1}
    assert of(spare, "/", "node.change") == ""
    assert of(spare, "Gelu", "node.change") == "added"


def test_a_container_of_only_new_things_is_new(spare, show):
    one, two = layers(1), layers(2)

    show({**compared(one, two, "calls"), "ranges": {}})

    assert of(spare, "/blocks.1", "node.change") == "added"
    assert of(spare, "/blocks.0", "node.change") == ""


# -- the layout


def assert_tidy(page: Page) -> None:
    """No two siblings overlap; data goes down, and starts and ends at its boxes."""
    problems = page.evaluate("spare.untidy()")
    assert problems == []


def crossed(page: Page) -> list[str]:
    """Boxes that the straight parts of wires of their own level run through."""
    found: list[str] = page.evaluate("spare.crossed()")
    return found


@pytest.mark.parametrize(("count", "seed"), [(30, 1), (90, 2), (2000, 3)])
def test_any_level_is_tidy(spare, show, count, seed):
    """The first two by the library, the last by our own hand."""
    told = show(tangle(count, seed))

    assert told["vkNodes"] == str(count + 1)
    assert_tidy(spare)
    assert crossed(spare) == []


def test_a_level_does_not_drift_aside(spare, show):
    """Each reads the two before it: the library moves each a little further."""
    edges = [*flow(*(f"Op{k}" for k in range(80)))]
    for k in range(78):
        edges += flow(f"Op{k}", f"Op{k + 2}")

    show(Graph(tuple(op(f"Op{k}", "", k) for k in range(80)), tuple(edges)))

    assert spare.evaluate("spare.canvas.layout.width") < 400
    assert_tidy(spare)


def test_a_skip_goes_around_what_it_skips(spare, show):
    show(layers(3), ["", "/", "/blocks.0…2", "/blocks.0", "/blocks.1", "/blocks.2"])

    assert_tidy(spare)
    assert crossed(spare) == []
    kinds = [kind for kind, *_ in spare.evaluate(WIRES)]
    assert kinds.count("entry") >= 6


def test_a_loop_goes_back_at_the_side(spare, show):
    show(loop(), ["", "/", "/cell"], form="rolled")

    (back,) = [points for kind, _, _, points in spare.evaluate(WIRES) if kind == "loop"]
    boxes = {name: (x, y, width) for name, x, y, width, _ in spare.evaluate(BOXES)}
    right = max(
        x + width for name, (x, _, width) in boxes.items() if ":" in name and "cell" in name
    )
    assert max(back[::2]) > right
    assert back[1] > back[-1], "from below to above"


def test_what_many_far_rows_read_is_told_where_it_is_read(spare, show):
    chain = [f"Op{k}" for k in range(12)]
    nodes = (op("mask", "", 0), *(op(name, "", k + 1) for k, name in enumerate(chain)))
    edges = [*flow("mask", *chain)]
    for name in chain[4:]:
        edges += flow("mask", name)

    show(Graph(nodes, tuple(edges)))

    kinds = [kind for kind, *_ in spare.evaluate(WIRES)]
    assert kinds.count("stub") == 8
    assert_tidy(spare)


def test_equal_layers_are_laid_out_once(spare, show):
    blocks = [f"/blocks.{k}" for k in range(32)]
    show(layers(32), ["", "/", "/blocks.0…31"])
    before = int(show(layers(32), ["", "/", "/blocks.0…31"])["vkLevels"])

    told = show(layers(32), ["", "/", "/blocks.0…31", *blocks])

    # One block; and the stack, the net and the step around them, which grew.
    assert int(told["vkLevels"]) - before == 4
    assert told["vkNodes"] == str(1 + 1 + 2 + 1 + 32 * 4)
    assert_tidy(spare)


@pytest.mark.parametrize(
    "broken",
    [
        "window.Worker = undefined",
        "window.Worker = class { constructor() { throw new Error('no worker here'); } }",
        "const Real = Worker; Worker = function () { return new Real(vk.asset('js/00_core.js')); }",
    ],
    ids=["none", "refused", "fails"],
)
def test_without_a_worker_the_page_lays_out_itself(spare, show, broken):
    spare.evaluate(f"(() => {{ vk.graphLayouts.one = null; {broken}; }})()")

    show(tangle(20, 5))

    assert_tidy(spare)
    assert spare.evaluate("vk.graphLayouts().solver.dagre !== null") is True


def test_without_the_library_all_is_layered_by_hand(spare, show, watched):
    spare.evaluate("() => { vk.graphLayouts.one = null; Worker = undefined; }")
    spare.evaluate("() => { vk.asset = () => '/assets/vendor/none.js'; }")

    show(tangle(20, 5))

    assert_tidy(spare)
    assert crossed(spare) == []
    watched.forgive()


# -- the canvas


def test_opening_a_box_keeps_it_where_it_is(spare, show):
    shut = ["", "/", "/blocks.0…11"]
    show(layers(12), shut)
    before = spare.evaluate("spare.canvas.boxOf('/blocks.5')")

    show(layers(12), [*shut, "/blocks.5"], anchor="/blocks.5")

    after = spare.evaluate("spare.canvas.boxOf('/blocks.5')")
    assert after["y"] == pytest.approx(before["y"], abs=0.5)
    assert after["x"] + after["width"] / 2 == pytest.approx(
        before["x"] + before["width"] / 2, abs=0.5
    )


def test_another_version_keeps_the_selected_box_where_it_is(spare, show):
    show(net(), ["", "/"])
    spare.evaluate("spare.canvas.mark({selected: '/fc2'})")
    spare.evaluate("spare.canvas.view.moveBy(37, 11)")
    before = spare.evaluate("spare.canvas.boxOf('/fc2')")

    show(changed(), ["", "/"])

    after = spare.evaluate("spare.canvas.boxOf('/fc2')")
    assert (after["y"], after["x"]) == pytest.approx((before["y"], before["x"]), abs=0.5)


def test_a_view_that_nobody_moved_fits_what_is_wider_again(spare, show):
    wide = Graph(
        (*net().nodes, *(op(f"Side{k}", "", 20 + k) for k in range(9))),
        (*net().edges, *(edge for k in range(9) for edge in flow("Mean", f"Side{k}"))),
        net().scopes,
    )
    inside = "spare.boxes().every(([id]) => spare.canvas.boxOf(id).x >= 0)"
    show(net(), ["", "/"])

    show(wide, ["", "/"])
    fitted = spare.evaluate(inside)
    spare.evaluate("spare.canvas.view.moveBy(-5000, 0)")
    show(net(), ["", "/"])

    assert fitted
    assert not spare.evaluate(inside), "what the user moved is not moved back"


def test_colours_and_marks_never_lay_out_again(spare, show):
    told = show(net())

    spare.evaluate("spare.canvas.color(spare.all(1))")
    spare.evaluate("spare.canvas.mark({selected: '/fc1', matches: new Set(['/fc2'])})")
    spare.evaluate("spare.canvas.mark({pins: new Map([['Relu', {level: 'error', text: 'NaN'}]])})")
    spare.evaluate("spare.canvas.annotate(new Map([['Relu', {value: 1, grad: 2}]]))")

    assert spare.evaluate("spare.el.dataset.vkLayouts") == told["vkLayouts"]
    assert pixel(spare, "/fc1", 0.5, 0.9) == (9, 99, 199)


def pixel(page: Page, node: str, across: float, down: float) -> tuple[int, ...]:
    """Colour of the picture at a place of a box, 0 to 1 each; drawn anew before."""
    return tuple(page.evaluate("(at) => spare.pixel(...at)", [node, across, down]))


def colors_around(page: Page, node: str) -> set[tuple[int, ...]]:
    """Colours along the upper edge of a box."""
    return {pixel(page, node, share / 40, 0.0) for share in range(8, 40)}


def test_changes_have_colours_and_signs(spare, show):
    show(changed(), ["", "/"])
    green = spare.evaluate("spare.token('--vk-green')")

    def is_near(color: Sequence[int]) -> bool:
        return all(abs(a - b) < 40 for a, b in zip(color, green, strict=True))

    assert any(map(is_near, colors_around(spare, "Gelu")))
    assert not any(map(is_near, colors_around(spare, "/fc1")))
    texts = svg_texts(spare)
    assert {"+", "−"} <= set(texts)


def svg_texts(page: Page) -> list[str]:
    drawing = ElementTree.fromstring(page.evaluate("spare.canvas.exportSvg()"))
    return [each.text or "" for each in drawing.iter("{http://www.w3.org/2000/svg}text")]


def test_a_picture_of_all_that_is_open_can_be_saved(spare, show):
    show(layers(12), ["", "/", "/blocks.0…11"])

    assert {"blocks.0", "blocks.11", "Block"} <= set(svg_texts(spare))
    data = spare.evaluate("spare.png()")
    with Image.open(BytesIO(base64.b64decode(data))) as image:
        size = spare.evaluate("[spare.canvas.layout.width, spare.canvas.layout.height]")
        assert image.size == pytest.approx(tuple(2 * (each + 48) for each in size), abs=2)


def test_a_finding_is_pinned_to_the_innermost_box_in_sight(spare, show):
    show(net(), ["", "/"])
    pins = [
        ["fc1:T", {"level": "warning", "text": "w"}],
        ["fc1:Addmm", {"level": "error", "text": "e"}],
    ]
    spare.evaluate("(pins) => spare.canvas.mark({pins: new Map(pins)})", pins)

    assert spare.evaluate("[...spare.canvas.shownPins()]") == [
        ["/fc1", {"level": "error", "text": "e"}]
    ]


def test_values_of_a_tiny_graph_stand_at_its_edges(spare, show):
    graph = Graph((op("Mul", "", 0), op("loss:0", "", -1, kind="loss")), flow("Mul", "loss:0"))
    show(graph)

    spare.evaluate("spare.canvas.annotate(new Map([['Mul', {value: -2, grad: 0.125}]]))")

    assert {"-2", "∇ 0.13"} <= set(svg_texts(spare))


def test_the_keyboard_walks_along_the_data(spare, show):
    show(net(), ["", "/"])
    canvas = spare.locator("canvas.vk-graph-canvas").last
    canvas.focus()

    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        canvas.press(key)

    chosen = [each for each in spare.evaluate("spare.said") if each[1] is not None]
    assert chosen == [["select", "/"], ["select", "/fc1"], ["select", "Relu"], ["select", "Relu"]]
    expect(spare.locator("[aria-live=polite]", has_text="Relu")).to_have_count(1)


def test_the_keyboard_zooms_and_lets_go(spare, show):
    show(net(), ["", "/"])
    canvas = spare.locator("canvas.vk-graph-canvas").last
    canvas.focus()
    scale = spare.evaluate("spare.canvas.view.scale")

    canvas.press("+")
    assert spare.evaluate("spare.canvas.view.scale") == pytest.approx(scale * 1.25)
    canvas.press("0")
    assert spare.evaluate("spare.canvas.view.scale") == pytest.approx(scale)
    canvas.press("Escape")
    assert spare.evaluate("spare.said").pop() == ["select", None]


def test_the_minimap_shows_what_is_in_view_and_moves_it(spare, show):
    show(layers(32), ["", "/", "/blocks.0…31"])
    minimap = spare.locator(".vk-minimap").last
    expect(minimap).to_be_visible()
    before = spare.evaluate("spare.canvas.view.y")
    box = minimap.bounding_box()

    spare.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 8)

    assert spare.evaluate("spare.canvas.view.y") < before - 500


def test_a_graph_that_is_in_view_has_no_minimap(spare, show):
    show(Graph((op("Mul", "", 0), op("Add", "", 1)), flow("Mul", "Add")))

    expect(spare.locator(".vk-minimap").last).to_be_hidden()


def test_pointing_at_a_box_lights_its_way(spare, show):
    show(layers(2), ["", "/", "/blocks.0", "/blocks.1"])
    box = spare.evaluate("spare.canvas.boxOf('/blocks.0:Gelu')")

    spare.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    wait_until(lambda: spare.evaluate("spare.canvas.hand.path !== null"))
    assert spare.evaluate("spare.canvas.hand.path.up.has(spare.model.byId.get('start'))") is True
    spare.mouse.move(2, 590)
    wait_until(lambda: spare.evaluate("spare.canvas.hand.path === null"))


def test_two_fingers_zoom(spare, show):
    show(layers(12))
    scale = spare.evaluate("spare.canvas.view.scale")

    spare.evaluate("spare.pinch(150)")

    assert spare.evaluate("spare.canvas.view.scale") == pytest.approx(scale * 1.5, rel=0.01)
    assert spare.evaluate("spare.said") == [], "a pinch picks nothing"


def test_only_what_is_in_view_is_drawn(spare, show):
    blocks = [f"/blocks.{k}" for k in range(64)]
    show(layers(64), ["", "/", "/blocks.0…63", *blocks])

    assert spare.evaluate("spare.canvas.drawn") < 40
    assert spare.evaluate("spare.canvas.layout.boxes.length") == 261
