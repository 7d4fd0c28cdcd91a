"""What several formats are tried with."""

import pytest
from torch import nn


class Block(nn.Module):
    """A convolution that halves, a norm, and an activation that is no module."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, stride=2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


@pytest.fixture(name="model")
def _model():
    return nn.Sequential(Block(3, 4), Block(4, 4), nn.Flatten(), nn.Linear(16, 2)).eval()


def by_id(graph):
    return {node.id: node for node in graph.nodes}


def wires(graph):
    return {(edge.src, edge.dst) for edge in graph.edges}


@pytest.fixture(name="by_id")
def _by_id():
    return by_id


@pytest.fixture(name="wires")
def _wires():
    return wires
