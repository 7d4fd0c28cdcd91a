import torch
from torch import nn

from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_ops import Operations, is_transforming
from vizkit.hooks.guard import Guard


def listen(act, names=None, calls=None):
    """Return what was heard while `act` ran."""
    operations = Operations(calls, lambda: names or {})
    with FunctionMode(operations, Guard()):
        act()
    return operations


def origins(operations):
    return [(op.name, op.inputs) for op in operations.rows]


def test_operations_know_where_their_tensors_come_from():
    w, x = torch.ones(2, 2), torch.ones(3, 2)

    heard = listen(lambda: x.mm(w).clamp(min=0).chunk(3)[1] + x, {id(w): "parameter:w"})

    assert origins(heard) == [
        ("mm", (("loose", 0, 0), ("id", "parameter:w", 0))),
        ("clamp", (("op", 0, 0),)),
        ("chunk", (("op", 1, 0),)),
        ("add", (("op", 2, 1), ("loose", 0, 0))),
    ]
    assert heard.rows[2].shapes == ((1, 2),) * 3
    assert (heard.loose[0].shape, heard.loose[0].dtype, heard.loose[0].given) == (
        (3, 2),
        "float32",
        True,
    )


def test_numbers_of_autograd_are_an_interval_that_is_empty_without_gradients():
    x = torch.ones(3, 2, requires_grad=True)
    layer = nn.Linear(2, 2)

    def act():
        layer(x).argmax()

    linear, argmax = listen(act).rows

    assert (linear.grad, linear.stop - linear.start) == (True, 2)
    assert (argmax.grad, argmax.stop - argmax.start) == (False, 0)


def test_what_writes_into_a_tensor_made_it_from_then_on():
    x = torch.ones(3)

    def act():
        x[0] = 2
        x.add_(1)
        x.sum()

    assert origins(listen(act)) == [
        ("setitem", (("loose", 0, 0),)),
        ("add_", (("op", 0, 0),)),
        ("sum", (("op", 1, 0),)),
    ]


def test_a_tensor_of_a_custom_function_is_known_by_autograds_number():
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, gradient):
            return gradient * 2

    x = torch.ones(3, requires_grad=True)
    made = Doubled.apply(x)

    (detach,) = listen(lambda: made.detach()).rows
    assert detach.inputs == (("number", made.grad_fn._sequence_nr(), 0),)

    inside, outside = listen(lambda: Doubled.apply(x).sum()).rows
    assert (inside.hidden, outside.hidden) == (True, False)


def test_no_tensor_is_kept_and_an_id_that_is_used_again_is_no_origin():
    def act():
        for _ in range(50):
            torch.ones(4)
        torch.ones(4) + 1

    *_, add = listen(act).rows

    assert add.inputs == (("op", 50, 0),)


def test_under_a_transform_operations_are_said_to_be(problem):
    def act():
        torch.func.vmap(lambda row: row.sin())(problem.x)

    heard = listen(act)

    assert [op.name for op in heard.rows if op.transformed][:1] == ["sin"]
    assert not is_transforming()


def test_clearing_forgets_everything():
    operations = listen(lambda: torch.ones(3) + torch.ones(3))
    operations.clear()

    assert (operations.rows, operations.loose) == ([], [])
