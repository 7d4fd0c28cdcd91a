"""A loop in the network: one layer is used zero to three times, as often as a die says."""

import argparse
import random

import torch
from torch import nn

import vizkit

N, D_IN, H, D_OUT = 64, 1000, 100, 10


class DynamicNet(nn.Module):
    """Two layers with a third between them that runs 0 to 3 times, with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(D_IN, H)
        self.middle = nn.Linear(H, H)
        self.last = nn.Linear(H, D_OUT)

    def forward(self, x):
        """Return predictions [N, D_OUT] of inputs [N, D_IN]."""
        hidden = self.first(x).clamp(min=0)
        for _ in range(random.randint(0, 3)):
            hidden = self.middle(hidden).clamp(min=0)
        return self.last(hidden)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    random.seed(0)
    x, y = torch.randn(N, D_IN), torch.randn(N, D_OUT)
    model = DynamicNet()
    criterion = nn.MSELoss(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    with vizkit.watch(model, optimizer, logdir=logdir, name="dynamic-loop"):
        for _ in range(500):
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
