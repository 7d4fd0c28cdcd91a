"""A modular network: each question is a program, and puts its own network together from modules."""

import argparse
import random

import torch
from torch import nn

import vizkit

STEPS, THINGS, SIZE = 1000, 6, 8
COLORS, FORMS = ("red", "green", "blue"), ("ball", "cube")
QUESTIONS = (
    "count red",
    "count ball",
    "count red ball",
    "exists green cube",
    "compare red blue",
)


class Answerer(nn.Module):
    """Finds things by their properties and counts, compares or looks whether there are any."""

    def __init__(self) -> None:
        super().__init__()
        width = len(COLORS) + len(FORMS)
        self.find = nn.ModuleDict({name: nn.Linear(width, 1) for name in COLORS + FORMS})
        self.count = nn.Linear(1, 1)
        nn.init.ones_(self.count.weight)  # more is more: else modules may agree on the contrary
        self.exists = nn.Sequential(nn.Linear(1, SIZE), nn.ReLU(), nn.Linear(SIZE, 1))
        self.compare = nn.Sequential(nn.Linear(2, SIZE), nn.Tanh(), nn.Linear(SIZE, 1))

    def forward(self, things, question: str):
        """Return the answers [n, 1] of a question about scenes [n, THINGS, width]."""
        verb, *names = question.split()
        found = [self.find[name](things).sigmoid() for name in names]
        if verb == "compare":
            return self.compare(torch.cat([each.mean(1) for each in found], 1))
        together = found[0] if len(found) == 1 else found[0] * found[1]
        return getattr(self, verb)(together.mean(1))


def scenes(count: int) -> torch.Tensor:
    """Return random things, one-hot by colour and form: [count, THINGS, 5]."""
    colors = torch.randint(len(COLORS), (count, THINGS))
    forms = torch.randint(len(FORMS), (count, THINGS))
    hot = nn.functional.one_hot
    return torch.cat([hot(colors, len(COLORS)), hot(forms, len(FORMS))], 2).float()


def answer(things: torch.Tensor, question: str) -> torch.Tensor:
    """Return the right answers [n, 1]."""
    verb, *names = question.split()
    has = [things[:, :, (COLORS + FORMS).index(name)] for name in names]
    if verb == "compare":
        return has[0].mean(1, keepdim=True) - has[1].mean(1, keepdim=True)
    both = has[0] if len(has) == 1 else has[0] * has[1]
    share = both.mean(1, keepdim=True)
    return (share > 0).float() if verb == "exists" else share


def main(logdir: str) -> None:
    torch.manual_seed(0)
    random.seed(0)
    model = Answerer()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)

    with vizkit.watch(model, optimizer, logdir=logdir, name="dynamic-modular") as watch:
        for step in range(STEPS):
            known = 1 + min(len(QUESTIONS) - 1, 10 * step // STEPS)
            question = random.choice(QUESTIONS[:known])  # a lesson more every 100 steps
            things = scenes(64)
            loss = (model(things, question) - answer(things, question)).pow(2).mean()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            watch.log({f"question/{question}": loss.detach()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
