"""A static graph, saved and looked at without the code that made it.

Afterwards also: vizkit graph runs/static-saved-graph/net.pt2
"""

import argparse
from pathlib import Path

import torch
from torch import nn

import vizkit


class Gated(nn.Module):
    """Two layers, the second one behind a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(16, 32)
        self.gate = nn.Linear(32, 32)
        self.last = nn.Linear(32, 4)

    def forward(self, x):
        """Return predictions [n, 4] of inputs [n, 16]."""
        hidden = self.first(x).relu()
        return self.last(hidden * self.gate(hidden).sigmoid())


def save(path: Path) -> None:
    """Export the network: what is saved is its graph, not its class."""
    program = torch.export.export(Gated(), (torch.randn(8, 16),))
    torch.export.save(program, path)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    folder = Path(logdir) / "static-saved-graph"
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / "net.pt2")

    graph = vizkit.Graph(folder / "net.pt2")  # nothing of the file is run, the class not needed

    with vizkit.Run(folder) as run:
        run.log({"net.pt2": graph})
    for node in graph.nodes:
        if node.kind == "op":
            print(f"{node.path or 'the model itself':16} {node.op:10} {node.shapes} {node.source}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
