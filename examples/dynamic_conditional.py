"""A conditional network: which branch runs depends on the data, so the graph changes with it."""

import argparse

import torch
from torch import nn

import vizkit

STEPS, CALM = 400, 100


class Conditional(nn.Module):
    """Sends a batch down one of two branches, by how far its points are from the origin."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = nn.Linear(2, width)
        self.near = nn.Linear(width, 1)
        self.far = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, points):
        """Return heights [n, 1] of points [n, 2]."""
        hidden = self.stem(points).tanh()
        if points.norm(dim=1).mean() > 1.5:
            return self.far(hidden)
        return self.near(hidden)


def batch(step: int) -> torch.Tensor:
    """Return points [64, 2]: near the origin in the first 100 steps, then at random also far."""
    reach = 1.0 if step < CALM or torch.rand(()) < 0.6 else 3.0
    return reach * torch.randn(64, 2)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    model = Conditional()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    with vizkit.watch(model, optimizer, logdir=logdir, name="dynamic-conditional"):
        for step in range(STEPS):
            points = batch(step)
            heights = 0.2 * points.prod(1, keepdim=True).tanh() + points.sum(1, keepdim=True)
            loss = (model(points) - heights).abs().mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
