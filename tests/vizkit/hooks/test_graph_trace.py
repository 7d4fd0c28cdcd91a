import pytest
import torch

from vizkit.hooks.graph_trace import (
    Step,
    digest,
    dtype_name,
    plain_name,
    signature_of,
    topology_of,
    trace,
)
from vizkit.hooks.graph_walk import survey


def test_a_trace_is_plain_data():
    w = torch.ones(2, 3, requires_grad=True)
    loss = w.exp().sum()

    found = trace([loss], {id(w): "w"}, 99)

    last, middle, leaf = found.steps
    assert found.roots == ((0, 0),)
    assert (last.op, last.inputs, last.shapes, last.dtypes) == (
        "Sum",
        ((1, 0),),
        ((),),
        ("float32",),
    )
    assert (middle.op, middle.inputs, middle.shapes) == ("Exp", ((2, 0),), ((2, 3),))
    assert leaf == Step("Parameter", -1, (), ((2, 3),), ("float32",), "w")
    assert middle.sequence < last.sequence


def test_a_leaf_that_is_no_parameter_has_no_name():
    x = torch.ones(2, requires_grad=True)

    assert trace([x.sum()], {}, 99).steps[-1].leaf == ""


def test_constants_are_inputs_without_a_source():
    w = torch.ones(2, requires_grad=True)

    assert trace([w * torch.ones(2)], {}, 99).steps[0].inputs[1] is None


def test_a_trace_is_cut_where_it_gets_dangerous():
    h = torch.ones(2, requires_grad=True)
    for _ in range(50):
        h = h * 2

    assert len(trace([h], {}, 20).steps) == 20


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("AddmmBackward0", "Addmm"),
        ("MyReLUBackward", "MyReLU"),
        ("torch::autograd::CopySlices", "CopySlices"),
        ("ThresholdBackwardBackward0", "ThresholdBackward"),
        ("Conv2D", "Conv2D"),
    ],
)
def test_names_without_backward(name, plain):
    assert plain_name(name) == plain


def test_signatures_are_those_of_every_process():
    w = torch.ones(2, requires_grad=True)
    seen = survey([w.exp().sum().grad_fn], {id(w): "w"}, 99, 0)

    assert signature_of(seen.pairs) == digest(
        ["ExpBackward0>AccumulateGrad", "SumBackward0>ExpBackward0", "parameter w"]
    )


def test_topology_is_blind_to_shapes_and_the_exact_signature_is_not():
    def traced(*shape):
        w = torch.ones(shape, requires_grad=True)
        return [trace([w.exp().sum()], {id(w): "w"}, 99)]

    a, b = traced(2, 3), traced(5, 3)

    assert topology_of(a, shapes=False) == topology_of(b, shapes=False)
    assert topology_of(a, shapes=True) != topology_of(b, shapes=True)


def test_a_dtype_has_a_short_name():
    assert dtype_name(torch.bfloat16) == "bfloat16"
