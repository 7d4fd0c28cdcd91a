"""A recurrent network over sequences of any length: one cell, unrolled as often as needed."""

import argparse

import torch
from torch import nn

import vizkit

STEPS, SIZE = 400, 24


class Recurrent(nn.Module):
    """Reads a sequence number by number and tells its mean; after a while also how wide it is."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(1, SIZE)
        self.mean = nn.Linear(SIZE, 1)
        self.spread = nn.Linear(SIZE, 1)

    def forward(self, sequence, *, both: bool):
        """Return the mean, or mean and spread, [n, 1] each, of sequences [n, length]."""
        state = sequence.new_zeros(len(sequence), SIZE)
        for number in sequence.unbind(1):
            state = self.cell(number[:, None], state)
        return (self.mean(state), self.spread(state)) if both else (self.mean(state),)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    model = Recurrent()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    # Small and never twice the same: "always" looks at each step's graph, whatever it costs.
    with vizkit.watch(
        model, optimizer, logdir=logdir, name="dynamic-recurrent", graph="always"
    ) as watch:
        for step in range(STEPS):
            length = int(torch.randint(5, 25, ()))
            sequence = torch.randn(32, 1) + torch.randn(32, length)
            wanted = sequence.mean(1, keepdim=True), sequence.std(1, keepdim=True)
            told = model(sequence, both=step >= STEPS // 2)
            loss = sum((a - b).pow(2).mean() for a, b in zip(told, wanted, strict=False))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            watch.log({"length": length})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
