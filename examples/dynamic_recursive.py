"""A recursive network: it takes the shape of each expression, and computes what that is worth."""

import argparse
import random

import torch
from torch import nn

import vizkit

STEPS, SIZE = 200, 16

Tree = float | tuple["Tree", str, "Tree"]
"""A number, or (left, "+" or "-", right)."""


class Evaluator(nn.Module):
    """Turns each number into a vector, joins two of them at each sign, and reads the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.leaf = nn.Linear(1, SIZE)
        self.join = nn.ModuleDict(
            {"plus": nn.Linear(2 * SIZE, SIZE), "minus": nn.Linear(2 * SIZE, SIZE)}
        )
        self.value = nn.Linear(SIZE, 1)

    def read(self, tree: Tree):
        """Return the vector [1, SIZE] of a tree."""
        if isinstance(tree, float):
            return self.leaf(torch.tensor([[tree]]))
        left, sign, right = tree
        join = self.join["plus" if sign == "+" else "minus"]
        return join(torch.cat([self.read(left), self.read(right)], 1))

    def forward(self, trees: list[Tree]):
        """Return what each tree is worth, [n, 1]."""
        return self.value(torch.cat([self.read(tree) for tree in trees]))


def grow(depth: int, signs: str) -> Tree:
    """Return a random tree, at most `depth` deep."""
    if depth == 0 or random.random() < 0.25:
        return random.uniform(-1, 1)
    return grow(depth - 1, signs), random.choice(signs), grow(depth - 1, signs)


def worth(tree: Tree) -> float:
    """Return what a tree is worth."""
    if isinstance(tree, float):
        return tree
    left, sign, right = tree
    return worth(left) + worth(right) if sign == "+" else worth(left) - worth(right)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    random.seed(0)
    model = Evaluator()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

    # Small and never twice the same: "always" looks at each step's graph, whatever it costs.
    with vizkit.watch(model, optimizer, logdir=logdir, name="dynamic-recursive", graph="always"):
        for step in range(STEPS):
            trees = [grow(4, "+" if step < 100 else "+-") for _ in range(8)]
            wanted = torch.tensor([[worth(tree)] for tree in trees])
            loss = (model(trees) - wanted).pow(2).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
