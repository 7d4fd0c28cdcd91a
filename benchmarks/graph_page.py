"""The graph page on a ResNet-50 and on a graph of 5,000 nodes, in a real Chromium.

Both models are watched for a few steps on this machine; the page then reads them from
`vizkit serve`. All times are milliseconds. `usable`: from navigation until the graph is painted.
`expand`: from the opening of a box until its inside is painted, boxes met for the first time and
again. `recolour`: from another overlay until it is painted, with everything open. `frame`: time
between frames while the picture moves; 16.7 is 60 a second. `model`: building the tree of a
document. Each is a median, with the slowest beside it; `..._cpu` is the mean processor time of the
page's main thread.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from _browser import browsing, tab
from _report import emit
from _servers import Vizkit, end_servers_with_us
from playwright.sync_api import Page
from torch import Tensor, nn

import vizkit

READY = """() => bench.until(() => {
  const stage = document.querySelector('.vk-graph-stage');
  return stage && stage.dataset.vkReady === '1' && Number(stage.dataset.vkNodes) > 3;
})"""

# What the benchmark asks of the page.
TOOLS = """() => {
  const graph = vk.mounted.Graph;
  const { canvas } = graph.parts;
  const idle = () => bench.until(() => !canvas.el.dataset.vkBusy);
  const containers = () => [...graph.model.byId.values()].filter((node) => node.children.length);
  window.probe = {
    boxes: () => canvas.layout.boxes.length,
    async expand(ids) {
      const open = new Set([...ids, '']);
      const start = performance.now();
      await canvas.show(graph.model, open, ids[ids.length - 1]);
      await idle();
      return performance.now() - start;
    },
    /** Containers from the root down to one of the deepest. */
    deepest() {
      const last = containers().reduce((a, b) => (b.depth > a.depth ? b : a));
      const line = [];
      for (let at = last; at; at = at.parent) line.unshift(at.id);
      return line;
    },
    all: () => containers().map((node) => node.id),
    async recolor() {
      const start = performance.now();
      graph.recolor();
      return (await new Promise(bench.after)) - start;
    },
    /** Milliseconds between `count` frames, while the view moves and zooms. */
    async frames(count) {
      const took = [];
      let last = await new Promise(requestAnimationFrame);
      for (let k = 0; k < count; k++) {
        canvas.view.moveBy(k % 40 < 20 ? 9 : -9, -7);
        if (k % 3 === 0) canvas.view.zoomBy(k % 30 < 15 ? 1.03 : 0.97);
        const now = await new Promise(requestAnimationFrame);
        took.push(now - last);
        last = now;
      }
      return took;
    },
    look: (scale) => canvas.view.centre(scale),
    async fetch(address) {
      probe.doc = await (await fetch(address)).json();
      return {nodes: probe.doc.nodes.count, edges: probe.doc.edges.count};
    },
    model() {
      const start = performance.now();
      vk.graphModel(probe.doc);
      return performance.now() - start;
    },
  };
}"""


class Bottleneck(nn.Module):
    """Three convolutions and a way around them."""

    def __init__(self, width: int, out: int, stride: int, inside: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, inside, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv2 = nn.Conv2d(inside, inside, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inside)
        self.conv3 = nn.Conv2d(inside, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride > 1 or width != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return a picture of `out` channels."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        around = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.bn3(self.conv3(y)) + around)


class ResNet50(nn.Module):
    """The sixteen blocks of ResNet-50, an eighth as wide: the graph does not depend on that."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, 2, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        width = 8
        stages = []
        for stage, count in enumerate((3, 4, 6, 3)):
            inside, out = 8 << stage, 32 << stage
            blocks = []
            for block in range(count):
                blocks.append(Bottleneck(width, out, 1 + (stage > 0 and block == 0), inside))
                width = out
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Return ten scores per picture."""
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


class Deep(nn.Module):
    """A transformer of 65 layers: 5,000 nodes."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.embed = nn.Embedding(50, 16)
        self.encoder = nn.TransformerEncoder(layer, 65, enable_nested_tensor=False)
        self.head = nn.Linear(16, 50)

    def forward(self, x: Tensor) -> Tensor:
        """Return 50 scores per token."""
        return self.head(self.encoder(self.embed(x)))


MODELS: dict[str, tuple[type[nn.Module], Any]] = {
    "resnet50": (ResNet50, lambda: torch.randn(2, 3, 64, 64)),
    "deep": (Deep, lambda: torch.randint(50, (2, 8))),
}


def train(folder: Path, name: str, steps: int = 3) -> None:
    make, batch = MODELS[name]
    torch.manual_seed(0)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with vizkit.Run(folder / name) as run:
        watch = vizkit.watch(model, optimizer, run=run, graph="always")
        for _ in range(steps):
            optimizer.zero_grad()
            model(batch()).square().mean().backward()
            optimizer.step()
        watch.close()


def middle(values: Sequence[float]) -> list[float]:
    """Return [median, slowest]."""
    return [statistics.median(values), max(values)]


class Clock:
    """Processor time of the main thread, which what else runs on the machine adds nothing to."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def now_ms(self) -> float:
        """Return what it has used since the page began."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def measure(page: Page, name: str, url: str) -> dict[str, Any]:
    clock = Clock(page)
    page.goto(f"{url}/graph?runs={name}&view=calls")
    told: dict[str, Any] = {"usable": page.evaluate(READY), "usable_cpu": clock.now_ms()}
    page.evaluate(TOOLS)

    def timed(what: str, asked: str, count: int, arguments: Sequence[Any] = (None,)) -> None:
        """Ask `count` times for each argument; note times, and the mean processor time of one."""
        before, took = clock.now_ms(), []
        for argument in arguments:
            for _ in range(count):
                got = page.evaluate(asked, argument)
                took += got if isinstance(got, list) else [got]
        told[what] = middle(took)
        told[f"{what}_cpu"] = (clock.now_ms() - before) / len(took)

    address = f"/api/v1/graph?run={name}&form=calls"
    told |= page.evaluate("(address) => probe.fetch(address)", address)
    timed("model", "probe.model()", 15)
    line = page.evaluate("probe.deepest()")
    lines = [line[:k] for k in range(1, len(line) + 1)]
    timed("expand_first", "(ids) => probe.expand(ids)", 1, lines)
    timed("expand_again", "(ids) => probe.expand(ids)", 1, lines)
    timed("expand_all", "probe.expand(probe.all())", 1)
    told["boxes"] = page.evaluate("probe.boxes()")
    page.evaluate("probe.look(0.7)")
    timed("recolour", "probe.recolor()", 15)
    timed("frame", "probe.frames(120)", 1)
    page.evaluate("probe.look(0.1)")
    timed("frame_far", "probe.frames(120)", 1)
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="visits with an empty cache each")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    end_servers_with_us()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in MODELS:
            train(folder / "runs", name)
        with Vizkit(folder / "runs", folder / "cache") as server, browsing() as browser:
            server.wait(lambda: server.points() > 0, 60, 4000)
            for _ in range(rounds):
                for name in MODELS:
                    with tab(browser) as page:
                        emit("graph_page", model_name=name, **measure(page, name, server.url))


if __name__ == "__main__":
    main()
