import gc
import warnings
import weakref

import pytest
import torch
from torch import nn

from vizkit.hooks import graph_values
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_values import Values, is_tiny, number
from vizkit.hooks.guard import Guard
from vizkit.kinds.graph.graph import Graph, Node


def listen(values, act, names=None):
    operations = Operations(None, lambda: names or {})
    operations.saw = values.saw
    with FunctionMode(operations, Guard()):
        return act()


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.tensor(-2.5), -2.5),
        (torch.tensor([[7]]), 7.0),
        (torch.tensor(True), 1.0),
        (torch.tensor(3 + 4j), 5.0),
        (torch.tensor([3.0, -4.0]), 5.0),
        (torch.tensor([3, 4]), 5.0),
        (torch.tensor([3 + 4j, 0j]), 5.0),
        (torch.tensor([3.0, 4.0], dtype=torch.bfloat16), 5.0),
        (torch.zeros(0), 0.0),
    ],
)
def test_a_number_is_the_value_itself_or_the_norm(tensor, expected):
    assert number(tensor) == expected


def test_values_and_gradients_of_a_small_calculation():
    w, x = torch.tensor([3.0, 4.0], requires_grad=True), torch.tensor([1.0, 2.0])
    values = Values()

    loss = listen(values, lambda: ((w * x) ** 2).sum(), {id(w): "parameter:w"})
    loss.backward()
    values.passed([loss], [("w", w)])

    assert values.made == {
        ("id", "parameter:w"): 5.0,
        ("loose", 0): pytest.approx(5**0.5),
        ("op", 0): pytest.approx(73**0.5),
        ("op", 1): pytest.approx((3**4 + 8**4) ** 0.5),
        ("op", 2): 73.0,
    }
    assert values.losses == [73.0]
    assert values.gradients == {
        ("op", 2): 1.0,
        ("op", 1): pytest.approx(2**0.5),
        ("op", 0): pytest.approx(292**0.5),
        ("id", "parameter:w"): pytest.approx((6.0**2 + 32.0**2) ** 0.5),
    }


def test_what_was_written_over_keeps_the_number_it_had():
    values = Values()
    x = torch.ones(1)

    listen(values, lambda: (x * 2).add_(1))

    assert (values.made["op", 0], values.made["op", 1]) == (2.0, 3.0)


def test_a_large_tensor_or_one_operation_too_many_ends_it(monkeypatch):
    monkeypatch.setattr(graph_values, "MOST_OPERATIONS", 3)
    monkeypatch.setattr(graph_values, "MOST_ELEMENTS", 10)
    x = torch.ones(3, requires_grad=True)

    large, many = Values(), Values()
    listen(large, lambda: x.repeat(4))
    listen(many, lambda: [x * 2 for _ in range(4)])

    assert (large.are_there, many.are_there) == (False, False)
    many.clear()
    listen(many, lambda: x * 2)
    assert many.are_there


def test_hooks_go_with_the_step_and_nothing_is_kept_alive():
    values = Values()
    x = torch.ones(3, requires_grad=True)
    made = listen(values, lambda: x * 2)
    seen = weakref.ref(made)

    values.clear()
    made.sum().backward()
    assert values.gradients == {}
    assert not made._backward_hooks

    del made
    gc.collect()
    assert seen() is None


def test_a_hooked_tensor_is_saved_without_a_warning(tmp_path):
    x = torch.ones(3, requires_grad=True)
    made = listen(Values(), lambda: x * 2)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.save(made, tmp_path / "tensor.pt")


def test_what_other_modes_would_notice_has_no_numbers():
    from torch.utils.flop_counter import FlopCounterMode

    values, layer = Values(), nn.Linear(2, 2)
    with FlopCounterMode(display=False):
        listen(values, lambda: layer(torch.ones(1, 2)))

    assert not values.are_there
    listen(values, lambda: torch.ones(2, device="meta") + 1)
    assert not values.are_there


def test_vectors_have_the_names_of_the_logged_graph():
    values = Values()
    values.made = {("op", 0): 2.0, ("op", 1): 3.0, ("input", 0): 4.0}
    values.gradients = {("op", 0): 0.5, ("op", 9): 7.0}
    values.losses = [9.0]
    names = {("op", 0): "a", ("input", 0): "input:0"}

    found = values.vectors(names, [("loss:0", "b")])

    as_dicts = {tag: dict(zip(each.names, each.values, strict=True)) for tag, each in found.items()}
    assert as_dicts == {
        "node_value": {"a": 2.0, "input:0": 4.0, "loss:0": 9.0, "b": 9.0},
        "node_grad": {"a": 0.5},
    }
    assert "loss:0" not in values.vectors(names, [])["node_value"].names


def test_only_small_graphs_are_tiny():
    few = Graph(tuple(Node(str(i), "op", "Mul", "") for i in range(64)))
    many = Graph((*few.nodes, Node("one more", "op", "Mul", "")))

    assert is_tiny(few)
    assert not is_tiny(many)
