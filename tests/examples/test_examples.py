"""Every example runs as a newcomer runs it: its loss falls, and its graph is drawn.

The pictures are left in test-results/shots; VIZKIT_SHOTS=1 puts them into docs/img as well.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

import vizkit
from tests.browser.conftest import Served, chromium, contexts, open_page, watched  # noqa: F401
from tests.browser.test_shots import keep, settled
from vizkit.testing import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = {
    "dataloader_module": "grad_norm/head.weight",
    "dynamic_conditional": "grad_norm/near.weight",
    "dynamic_loop": "grad_norm/first.weight",
    "dynamic_modular": "grad_norm/find.red.weight",
    "dynamic_recurrent": "grad_norm/cell.weight_hh",
    "dynamic_recursive": "grad_norm/leaf.weight",
    "pretrained_network": "grad_norm/head.weight",
    "two_layer_autograd_function": "grad_norm/w1",
    "two_layer_manual": "grad_norm/w1",
    "two_layer_nn": "grad_norm/0.weight",
}
CHANGING = {
    "dynamic_conditional": "far.0 now runs T, Addmm",
    "dynamic_loop": "middle no longer runs T, Addmm",
    "dynamic_modular": "compare.0 now runs T, Addmm",
    "dynamic_recurrent": "spread now runs T, Addmm",
    "dynamic_recursive": "join.minus now runs T, Addmm",
    "pretrained_network": "features.conv1 now runs Convolution",
}
"""What is said of a later version of each graph that changes."""
STATIC = {
    "static_fusion": {"before fusion": "fx", "after fusion": "inductor"},
    "static_saved_graph": {"net.pt2": "export"},
}
"""The graphs that are logged where nothing is trained, and what they are from."""
GRAPHS = {
    "dataloader_module": "",
    "dynamic_conditional": "vs=previous",
    "dynamic_loop": "vs=previous",
    "dynamic_modular": "vs=v:1",
    "dynamic_recurrent": "vs=previous",
    "dynamic_recursive": "vs=previous",
    "pretrained_network": "vs=previous",
    "static_fusion": "view=tag:after+fusion&vs=tag:before+fusion",
    "static_saved_graph": "",
    "two_layer_autograd_function": "",
    "two_layer_manual": "",
    "two_layer_nn": "",
}
"""How the graph of each example is looked at."""


@pytest.fixture(scope="module")
def logdir(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def run(example, logdir):
    done = subprocess.run(
        [sys.executable, EXAMPLES / f"{example}.py", "--logdir", logdir],
        capture_output=True,
        text=True,
        timeout=150,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(("example", "gradient"), RUNS.items(), ids=RUNS)
def test_an_example_runs_and_its_loss_falls(logdir, example, gradient):
    run(example, logdir)

    runs = vizkit.open_logdir(logdir)
    name = example.replace("_", "-")
    loss, norms = runs.series(name, "loss"), runs.series(name, gradient)
    assert loss.value[-10:].mean() < 0.5 * loss.value[:10].mean()
    # not at every step on a machine so busy that measuring would take its share of the time
    assert len(norms.step) > 10
    assert set(norms.step) <= set(loss.step)
    assert next(run for run in runs.runs() if run.name == name).status == "finished"
    said = {words for version in runs.graph_versions(name)[1:] for words in version.changes}
    assert (CHANGING[example] in said) if example in CHANGING else not said


@pytest.mark.parametrize(("example", "sources"), STATIC.items(), ids=STATIC)
def test_a_static_example_logs_its_graphs(logdir, example, sources):
    run(example, logdir)

    graphs = vizkit.open_logdir(logdir).logged_graphs(example.replace("_", "-"))
    assert {tag: graph.source for tag, graph in graphs.items()} == sources
    assert all(graph.nodes for graph in graphs.values())


def test_what_is_computed_by_hand_is_a_graph_too(logdir):
    if not (logdir / "two-layer-manual").exists():
        run("two_layer_manual", logdir)

    graph = vizkit.open_logdir(logdir).graph("two-layer-manual")

    assert [node.op for node in graph.nodes].count("mm") == 5
    assert all(
        node.source.partition(":")[0].endswith("two_layer_manual.py")
        for node in graph.nodes
        if node.kind == "op"
    )


@pytest.fixture(scope="module")
def viewer(logdir, tmp_path_factory):
    """A viewer over the runs of this module's tests, or of those examples that are missing."""
    served = Served(logdir, free_port(), tmp_path_factory.mktemp("cache")).start()
    yield served
    served.stop()


@pytest.mark.browser
@pytest.mark.parametrize(("example", "query"), GRAPHS.items(), ids=GRAPHS)
def test_the_graph_of_an_example_is_drawn(logdir, viewer, open_page, example, query):  # noqa: F811
    name = example.replace("_", "-")
    if not (logdir / name).exists():
        run(example, logdir)

    page = open_page(viewer, f"/graph?runs={name}&{query}")
    graph = page.locator("#vk-page-graph")
    expect(graph).to_have_attribute("data-vk-ready", "1")
    expect(graph).not_to_have_attribute("data-vk-nodes", "0")
    picture = settled(page)

    keep(picture, f"example-{name}", in_docs=True)
    assert len(Image.open(io.BytesIO(picture)).convert("RGB").getcolors(1 << 24)) > 100
    if "vs=" in query:
        expect(graph.get_by_text("compared with")).to_be_visible()


def test_every_example_is_tested_and_in_the_table():
    scripts = {path.stem for path in EXAMPLES.glob("*.py")}
    table = (EXAMPLES / "README.md").read_text()

    assert scripts == {*RUNS, *STATIC} == {*GRAPHS}
    assert all(f"`{script}.py`" in table or f"({script}.py)" in table for script in scripts)
