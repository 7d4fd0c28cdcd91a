"""The two-layer network with torch.nn and an optimizer: nothing but the `with` line is ours."""

import argparse

import torch
from torch import nn

import vizkit

N, D_IN, H, D_OUT = 64, 1000, 100, 10


def main(logdir: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(N, D_IN)
    y = torch.randn(N, D_OUT)
    model = nn.Sequential(nn.Linear(D_IN, H), nn.ReLU(), nn.Linear(H, D_OUT))
    criterion = nn.MSELoss(reduction="sum")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

    with vizkit.watch(model, optimizer, logdir=logdir, name="two-layer-nn"):
        for _ in range(500):
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
