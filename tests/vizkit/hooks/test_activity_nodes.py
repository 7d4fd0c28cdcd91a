import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from vizkit.hooks.activity_nodes import (
    CAN_READ,
    Saved,
    bytes_by_place,
    edges_of,
    nodes_since,
    saved_by,
    storages_of,
)
from vizkit.hooks.activity_times import Call
from vizkit.hooks.graph_walk import sequence_number


def call(place, start, stop):
    return Call(place, -1, start, stop=stop)


def recorded(function, *inputs):
    """Return a call around what `function` ran, and its nodes."""
    start = sequence_number()
    output = function(*inputs)
    nodes = nodes_since([output.grad_fn], start, start, 1000)
    return call(0, start, sequence_number()), nodes, output


def test_this_torch_can_be_read():
    assert CAN_READ


def test_only_nodes_of_the_pass_are_found_in_their_order():
    x = torch.ones(3, requires_grad=True) * 2

    inside, nodes, output = recorded(lambda: (x * x).exp().sum())

    names = [node.name() for node in nodes.by_number.values()]
    assert names == ["MulBackward0", "ExpBackward0", "SumBackward0"]
    assert list(nodes.by_number) == sorted(nodes.by_number)
    assert all(inside.start <= number < inside.stop for number in nodes.by_number)
    assert nodes.reaches_back
    assert not nodes_since([output.grad_fn], inside.start, 0, 1000).reaches_back


def test_a_graph_that_is_too_large_is_not_walked_on():
    x = torch.ones(3, requires_grad=True)
    for _ in range(10):
        x = x * 2

    assert nodes_since([x.grad_fn], 0, 0, 9) is None
    assert len(nodes_since([x.grad_fn], 0, 0, 10).by_number) == 10


def test_the_first_and_last_nodes_of_calls():
    calls = [call(0, 2, 9), call(1, 4, 6), call(2, 6, 6)]

    assert edges_of(calls, [1, 2, 4, 5, 8, 9]) == ({8, 5}, {2, 4})


def test_saved_tensors_are_read_without_unpacking():
    x = torch.ones(4, 8, requires_grad=True)
    y = x + x
    z = y * y

    # Both factors are one tensor.
    mine = Saved(y.untyped_storage().data_ptr(), y.data_ptr(), 128, 128)
    assert set(saved_by(z.grad_fn)) == {mine}
    assert set(saved_by(y.grad_fn)) == set()


def test_a_checkpoint_keeps_its_inputs_and_runs_no_more_than_before():
    ran = []

    def function(x):
        ran.append(1)
        return x.exp().sin()

    x = torch.ones(4, requires_grad=True)
    for reentrant, kept in ((False, set()), (True, {16})):
        ran.clear()
        output = checkpoint(function, x, use_reentrant=reentrant)
        assert {each.size for each in saved_by(output.grad_fn)} == kept
        assert ran == [1]


def test_bytes_are_those_of_inner_calls_too_and_each_storage_counts_once():
    x = torch.ones(4, 8, requires_grad=True)
    start = sequence_number()
    y = x.exp()
    middle = sequence_number()
    # The whole of y in two views, and one of them twice.
    z = (y[:2].sin() + y[2:].sin()).sum() + y[:2].cos().sum()
    stop = sequence_number()

    nodes = nodes_since([z.grad_fn], start, start, 100).by_number
    found = bytes_by_place([call(0, start, stop), call(1, middle, stop)], nodes, set())
    shared = bytes_by_place([call(1, start, stop), call(1, middle, stop)], nodes, set())

    assert found == {0: 128, 1: 128}
    assert shared == {1: 128}


def test_slices_count_only_as_far_as_they_are_kept():
    data = torch.ones(1000, 8)
    layer = nn.Linear(8, 4)

    inside, nodes, _ = recorded(layer, data[:2])

    assert bytes_by_place([inside], nodes.by_number, storages_of(layer)) == {0: 64}


def test_parameters_and_buffers_are_there_anyway():
    layer = nn.BatchNorm1d(8)
    x = torch.ones(4, 8, requires_grad=True) + torch.arange(4.0)[:, None]

    inside, nodes, _ = recorded(layer, x)

    with_all = bytes_by_place([inside], nodes.by_number, set())[0]
    without = bytes_by_place([inside], nodes.by_number, storages_of(layer))[0]
    # Its input, and mean and deviation of the batch; elsewhere also weight and running values.
    assert without == 128 + 2 * 32
    assert with_all > without


def test_a_custom_function_keeps_what_it_says():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x, x[:1])
            return 2 * x

        @staticmethod
        def backward(context, gradient):
            return 2 * gradient

    x = torch.ones(4, requires_grad=True)

    assert sorted(each.size for each in saved_by(Doubled.apply(x).grad_fn)) == [4, 16]
