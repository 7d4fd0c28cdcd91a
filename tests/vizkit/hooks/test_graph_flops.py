import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.vizkit.hooks.test_graph_traced import build
from vizkit.hooks.graph_flops import flops_of, uncounted
from vizkit.kinds.graph.graph import Node


class Summed(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, *inputs):
        output = self.inner(*inputs)
        return (output[0] if isinstance(output, tuple) else output).sum()


class Products(nn.Module):
    """All that multiplies."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2, 3, 3))

    def forward(self, x):
        y = x @ self.w + torch.baddbmm(x, self.w, x)
        return y + self.w[0].mm(x[0]) + torch.addmm(x[0], x[0], self.w[1])


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)

    def forward(self, x):
        q = self.q(x).view(2, 3, 2, 4).transpose(1, 2)
        return nn.functional.scaled_dot_product_attention(q, q, q)


def frozen(module):
    return module.requires_grad_(False)


x, picture = torch.ones(2, 3, 8), torch.ones(2, 4, 9, 9)
MODELS = {
    "linear": (nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 2)), x),
    "no bias": (nn.Linear(8, 5, bias=False), torch.ones(4, 8)),
    "convolution": (nn.Conv2d(4, 6, 3, stride=2, padding=1), picture),
    "convolutions": (nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 8, 3, groups=2)), picture),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4), picture),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, stride=2), picture),
    "1d": (nn.Conv1d(3, 5, 3), x),
    "without a batch": (nn.Conv2d(4, 6, 3), picture[0]),
    "frozen first": (nn.Sequential(frozen(nn.Conv2d(4, 4, 3)), nn.Conv2d(4, 2, 3)), picture),
    "frozen last": (nn.Sequential(nn.Linear(8, 8), frozen(nn.Linear(8, 2))), x),
    "products": (Products(), torch.ones(2, 3, 3)),
    "attention": (Attends(), x),
    "encoder": (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), x),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_forward_pass_takes_what_torch_counts(name):
    inner, inputs = MODELS[name]
    model = Summed(inner)
    # Torch counts nothing for the attention of CPUs, unless it is made of products.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(inputs)

    graph = build(model, inputs)

    assert sum(node.flops for node in graph.nodes) == counter.get_total_flops() > 0
    assert uncounted(graph.nodes) == []


def test_a_missing_shape_is_worked_out_from_the_others_or_unknown():
    assert flops_of("Addmm", [(3,), None, (4, 3)], (2, 3)) == 2 * 2 * 3 * 4
    assert flops_of("Mm", [(2, 4), None], (2, 3)) == 2 * 2 * 3 * 4
    assert flops_of("Mm", [None, None], (2, 3)) is None
    assert flops_of("rmatmul", [(4, 3), (2, 4)], (2, 3)) == 2 * 2 * 3 * 4
    assert flops_of("Convolution", [(2, 4, 9, 9), None], (2, 4, 9, 9)) is None
    assert flops_of("scaled_dot_product_attention", [(2, 3)] * 3, (2, 3)) is None
    assert flops_of("linear", [(2, -1, 4), (3, 4)], (2, -1, 3)) is None
    assert flops_of("Tanh", [(2, 3)], (2, 3)) == 0


def test_what_takes_many_but_is_unknown_is_named():
    nodes = [
        Node("0", "op", "Tanh", ""),
        Node("1", "op", "MkldnnRnnLayer", ""),
        Node("2", "op", "Addmm", "", flops=7),
        Node("3", "op", "Mm", ""),
        Node("4", "function", "Mine", ""),
        Node("5", "op", "CompiledFunction", ""),
        Node("6", "module", "Scripted", ""),
    ]

    assert uncounted(nodes) == ["CompiledFunction", "Mine", "MkldnnRnnLayer", "Mm", "Scripted"]
