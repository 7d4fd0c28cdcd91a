"""What the tests of watching share: a run that remembers, a small problem, an independent check."""

import math

import pytest
import torch
from torch import nn

import vizkit
from vizkit.hooks import patches
from vizkit.hooks.eager_modules import anything_to_compile
from vizkit.kinds.vector.value import Vector


class Recorder:
    """Takes what a run takes and keeps it, vectors spread over their names."""

    def __init__(self, start_step=0):
        self.start_step = start_step
        self.last_step = None
        self.steps = {}
        self.graphs = []
        self.versions = []
        self.stretches = []
        self.findings = []
        self.numbers = {}
        self.log_calls = []

    def log(self, values, step=None, wall_time=None):
        if "_vizkit_/graph" in values:
            self.graphs.append(values["_vizkit_/graph"])
            return
        if "_vizkit_/graph_version" in values:
            self.versions.append(values["_vizkit_/graph_version"])
            return
        if "_vizkit_/graph_steps" in values:
            self.stretches.append(values["_vizkit_/graph_steps"])
            return
        if "_vizkit_/finding" in values:
            self.findings.append(values["_vizkit_/finding"])
            return
        if any(tag.startswith("node_") for tag in values):
            self.numbers[step] = values
            return
        self.last_step = step
        self.log_calls.append(step)
        row = self.steps.setdefault(step, {})
        for tag, value in values.items():
            if isinstance(value, Vector):
                found = zip(value.names, value.array().tolist(), strict=True)
                row |= {tag[:-1] + name: number for name, number in found}
            else:
                row[tag] = float(value)

    def close(self, status="finished", error=None):
        raise AssertionError("a run that the user made is the user's to close")

    def series(self, tag):
        return [row[tag] for row in self.steps.values() if tag in row]

    def norms(self, step, prefix="grad_norm"):
        row = self.steps[step]
        return {t[len(prefix) + 1 :]: v for t, v in row.items() if t.startswith(prefix + "/")}


@pytest.fixture(autouse=True)
def _one_thread_and_strict(monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    _forget_compiled()
    yield
    assert patches.listeners() == 0, "a test left something watched"


def _forget_compiled():
    """Operations are not listened to where anything was compiled before, as other tests do."""
    if anything_to_compile():
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()


@pytest.fixture
def record():
    return Recorder()


@pytest.fixture
def lenient(monkeypatch):
    """Warn instead of raising, as a user's training does."""
    monkeypatch.delenv("VIZKIT_STRICT")


class Problem:
    """A regression on 16 samples of 4 numbers, and gradients worked out apart from the training."""

    def __init__(self):
        self.x, self.y = torch.randn(16, 4), torch.randn(16, 1)

    def model(self):
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def loss(self, model, rows=slice(None)):
        return nn.functional.mse_loss(model(self.x[rows]), self.y[rows])

    def norms(self, model, loss=None):
        """Return the gradient norm of each trained parameter by torch.autograd.grad."""
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        loss = self.loss(model) if loss is None else loss
        found = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        return {
            name: math.nan if gradient is None else float(gradient.double().norm())
            for name, gradient in zip(named, found, strict=True)
        }


@pytest.fixture
def problem():
    return Problem()


@pytest.fixture
def watching(record):
    """Watch into the recorder; closed at the end whatever happens."""
    opened = []

    def watch(*args, **kwargs):
        handle = vizkit.watch(*args, **({"run": record, "budget": None} | kwargs))
        opened.append(handle)
        return handle

    yield watch
    for handle in opened:
        handle.close()


def total(norms):
    """Return the norm of all together, leaving out what is NaN."""
    return math.sqrt(sum(norm**2 for norm in norms.values() if not math.isnan(norm)))


@pytest.fixture(name="total")
def _total():
    return total
