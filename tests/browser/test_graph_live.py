"""The graph page while a training changes its graph, and when that is replayed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

PAGE = "#vk-page-graph"
SWITCH = 100
MOST_SECONDS = 1.0

TRAINING = f"""
import sys, time
import torch, vizkit
from torch import nn

torch.set_num_threads(1)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.plain, self.wide = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x, step):
        x = self.first(x)
        return self.plain(x).relu() if step < {SWITCH} else self.wide(x).tanh()

def told(word):
    print(word, time.time(), flush=True)
    return sys.stdin.readline()

model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
with vizkit.watch(model, optimizer, logdir=sys.argv[1], name="switch"):
    for step in range(160):
        if step in ({SWITCH} - 40, {SWITCH}):
            told(step)
        loss = model(torch.randn(4, 8), step).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == {SWITCH}:
            print("switched", time.time(), flush=True)
        time.sleep(0.01)
"""

NOTE_WHEN = """version => {
    window.shownAt = null;
    const page = document.querySelector('#vk-page-graph');
    const look = () => {
        const { vkVersion, vkAgainst } = page.dataset;
        const isThere = vkVersion === version && vkAgainst;
        if (isThere && window.shownAt === null) window.shownAt = Date.now() / 1000;
    };
    new MutationObserver(look).observe(page, { attributes: true });
}"""


class Training:
    """A training in a process of its own that goes on when it is told to."""

    def __init__(self, logdir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRAINING, str(logdir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> tuple[str, float]:
        """Return the next word that it says, and when it said it."""
        assert self.process.stdout is not None
        word, when = self.process.stdout.readline().split()
        return word, float(when)

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Training]:
    training = Training(tmp_path / "runs")
    yield training
    training.process.kill()
    training.process.communicate()


def shown(page: Page, **expected: object) -> None:
    for name, value in expected.items():
        expect(page.locator(PAGE)).to_have_attribute(f"data-vk-{name}", str(value))


RAN = """() => Object.fromEntries(['plain', 'wide'].map(
    path => [path, [...vk.mounted.Graph.model.byId.values()]
        .filter(node => node.kind === 'module' && node.path === path)
        .some(node => node.isCalled)]))"""
CHANGES = """() => Object.fromEntries([...vk.mounted.Graph.model.byId.values()]
    .filter(node => node.kind === 'op' && node.path).map(node => [node.path, node.change]))"""


def answering(served: Served) -> Served:
    """Wait until a viewer has its pages ready: a busy machine takes its time to record them."""
    urlopen(f"{served.url}/graph", timeout=120).close()
    return served


def ran(page: Page) -> dict[str, bool]:
    found: dict[str, bool] = page.evaluate(RAN)
    return found


def test_a_switched_branch_is_shown_within_a_second_and_replayed(
    tmp_path, serve, open_page, training
):
    assert training.hear()[0] == str(SWITCH - 40)
    page = open_page(answering(serve(tmp_path / "runs")), "/graph?runs=switch")
    shown(page, ready=1, view="calls", version=1)
    training.go_on()
    assert training.hear()[0] == str(SWITCH)
    page.evaluate(NOTE_WHEN, "2")

    training.go_on()
    word, switched = training.hear()
    shown(page, version=2, against="version 1")

    assert word == "switched"
    seconds = page.evaluate("window.shownAt") - switched
    assert seconds < MOST_SECONDS, f"shown {seconds:.2f} s after the step"
    changes = page.locator(".vk-graph-changes")
    expect(changes).to_contain_text("wide now runs")
    expect(changes).to_contain_text("plain no longer runs")
    expect(
        page.locator("[aria-live]", has_text="Version 2 of the graph at step 100")
    ).to_have_count(1)
    expect(page.locator(".vk-strip-chip")).to_have_count(2)

    assert training.process.wait(timeout=60) == 0
    page.evaluate("vk.playhead.set(50)")
    shown(page, version=1, until=50)
    expect(page.locator(".vk-strip-chip")).to_have_count(1)
    assert ran(page) == {"plain": True, "wide": False}
    expect(page.locator(".vk-strip-words")).to_contain_text("steps 0 to 50")
    page.evaluate("vk.playhead.set(120)")
    shown(page, version=2, until=120, against="version 1")
    changes = page.evaluate(CHANGES)
    assert (changes["wide"], changes["plain"]) == ("added", "removed")
