import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from vizkit.hooks import graph_ops
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.guard import Guard


@pytest.fixture
def operations():
    return Operations(None, dict)


@pytest.fixture
def mode(operations):
    return FunctionMode(operations, Guard())


def names(operations):
    return [op.name for op in operations.rows]


def test_operations_and_what_decides_are_heard_questions_are_not(mode, operations):
    x = torch.ones(2, 3)
    with mode:
        y = x.T.data
        if (y > 0).all():
            y.sum().item()
        y.shape, y.dim(), len(y), y.dtype, y.device, y.is_contiguous(), y.grad, y.requires_grad

    assert names(operations) == ["T", "data", "gt", "all", "bool", "sum", "item"]


def test_what_hands_back_its_input_is_none(mode, operations):
    x = torch.ones(2, 3)
    with mode:
        x.to("cpu").float().contiguous()
        nn.Dropout().eval()(x)
        x.add_(0)

    assert names(operations) == ["add_"]


def test_numbers_texts_and_types_that_were_passed_are_told(mode, operations):
    x = torch.ones(2, 3)
    with mode:
        torch.clamp(x, 0, max=4.5)
        x.sum((0, 1), dtype=torch.float64)
        torch.einsum("ij->ji", x)

    assert [op.arguments for op in operations.rows] == [
        (("argument 2", "0"), ("max", "4.5")),
        (("argument 2", "(0, 1)"), ("dtype", "torch.float64")),
        (("argument 1", "ij->ji"),),
    ]


def test_exceptions_are_the_users(mode, operations):
    with mode, pytest.raises(RuntimeError, match="shapes"):
        torch.ones(2, 3).mm(torch.ones(2, 3))

    assert names(operations) == ["ones", "ones"]


def test_a_failure_of_ours_changes_no_result(mode, operations, lenient, monkeypatch):
    def fail(*_):
        raise ValueError("on purpose")

    monkeypatch.setattr(operations, "ended", fail)

    with mode:
        with pytest.warns(UserWarning, match="graph operations"):
            x = torch.ones(2)
        x = x + 1

    assert x.tolist() == [2, 2]


def test_it_hears_nothing_while_paused_nor_past_the_most(mode, operations, monkeypatch):
    with mode:
        operations.paused = True
        torch.ones(1)
        operations.paused = False
        monkeypatch.setattr(graph_ops, "MOST", 2)
        for _ in range(5):
            torch.ones(1)

    assert names(operations) == ["ones"] * 2


def test_modes_of_the_user_see_what_they_saw_before(mode):
    class Counting(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    def act():
        return nn.functional.layer_norm(torch.ones(2, 3) * 2, (3,)).sum().item()

    alone, below, above = Counting(), Counting(), Counting()
    with alone:
        act()
    with below, mode, above:
        act()

    assert alone.seen == below.seen == above.seen
