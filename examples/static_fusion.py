"""A static graph before and after fusion: which operations torch.compile runs as one kernel."""

import argparse
from pathlib import Path

import torch
from torch import nn

import vizkit


class ConvNet(nn.Module):
    """Two convolutions, each with batch normalisation and ReLU, and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.ReLU())
        self.head = nn.Linear(16, 10)

    def forward(self, images):
        """Return logits [n, 10] of images [n, 3, height, width]."""
        return self.head(self.body(self.stem(images)).mean((2, 3)))


def main(logdir: str) -> None:
    torch.manual_seed(0)
    model = ConvNet().eval()
    images = torch.randn(4, 3, 24, 24)

    before, after = vizkit.fusion(model, images)

    with vizkit.Run(Path(logdir) / "static-fusion") as run:
        run.log({"before fusion": before, "after fusion": after})
    for kernel in after.scopes[1:]:
        print(f"{kernel.path:40} {kernel.op}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
