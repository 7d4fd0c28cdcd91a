"""A Dataset, a DataLoader with workers and a Module of our own: tell two spirals apart."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import vizkit


class Spirals(Dataset):
    """Points of two spirals: item i is (point [2] float32, spiral 0 or 1)."""

    def __init__(self, size: int = 2048) -> None:
        generator = torch.Generator().manual_seed(0)
        self.labels = torch.arange(size) % 2
        radius = torch.rand(size, generator=generator).sqrt()
        angle = 6 * radius + torch.pi * self.labels
        spirals = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
        self.points = spirals + 0.02 * torch.randn(size, 2, generator=generator)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.points[index], self.labels[index]


class ResidualNet(nn.Module):
    """A stack of residual blocks on two coordinates."""

    def __init__(self, width: int = 32, depth: int = 3) -> None:
        super().__init__()
        self.lift = nn.Linear(2, width)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, 2)

    def forward(self, points):
        """Return logits [n, 2] of points [n, 2]."""
        hidden = self.lift(points)
        for block in self.blocks:
            hidden = hidden + block(hidden.relu())
        return self.head(hidden.relu())


def main(logdir: str, epochs: int) -> None:
    torch.manual_seed(0)
    loader = DataLoader(
        Spirals(), batch_size=64, shuffle=True, num_workers=2, persistent_workers=True
    )
    model = ResidualNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)

    with vizkit.watch(model, optimizer, logdir=logdir, name="dataloader-module") as watch:
        for epoch in range(epochs):
            right = 0
            for points, labels in loader:
                logits = model(points)
                loss = criterion(logits, labels)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                right += (logits.argmax(1) == labels).sum()
            watch.log({"train/accuracy": right / len(loader.dataset), "epoch": epoch})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    main(options.logdir, options.epochs)
