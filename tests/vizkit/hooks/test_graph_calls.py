import threading

import torch
from torch import nn

from vizkit.hooks import graph_calls
from vizkit.hooks.eager_modules import anything_compiled
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.guard import Guard


def listening(model):
    calls = ModuleCalls(model, Guard())
    calls.arm()
    return calls


def hooks_on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_calls_nest_and_hold_what_ran_in_them():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    calls = listening(model)

    loss = model(torch.ones(4, 2)).sum()

    root, linear, relu = calls.rows
    assert [call.path for call in calls.rows] == ["", "0", "1"]
    assert [call.parent for call in calls.rows] == [-1, 0, 0]
    assert root.start == linear.start < linear.stop <= relu.start < relu.stop == root.stop
    assert linear.start <= loss.grad_fn.next_functions[0][0]._sequence_nr() < root.stop
    assert (linear.input_shapes, linear.results[0][2]) == (((4, 2),), (4, 3))
    assert relu.sources == (1,)
    assert calls.inputs == [((4, 2), "float32")]
    assert linear.sources == (-1,)


def test_evaluation_is_not_listened_to():
    model = nn.Linear(2, 1)
    calls = listening(model)

    with torch.no_grad():
        model(torch.ones(1, 2))

    assert calls.rows == []


def test_a_part_without_gradients_is():
    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2)

        def forward(self, x):
            with torch.no_grad():
                return self.a(x)

    model = Part()
    calls = listening(model)
    model(torch.ones(1, 2))

    assert [call.grad for call in calls.rows] == [True, False]
    assert not calls.rows[1].hidden


def test_a_call_inside_a_custom_function_is_hidden():
    inner = nn.Linear(2, 2)

    class Wraps(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return inner(x)

        @staticmethod
        def backward(ctx, grad):
            return grad

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return Wraps.apply(x)

    model = Model()
    calls = listening(model)
    model(torch.ones(1, 2, requires_grad=True))

    assert [call.hidden for call in calls.rows] == [False, True]


def test_a_module_that_returns_its_input_is_noticed_but_not_one_that_changed_it():
    model = nn.Sequential(nn.Identity(), nn.ReLU(inplace=True))
    calls = listening(model)

    model(torch.ones(1, 2))

    assert [call.same for call in calls.rows[1:]] == [True, False]


def test_an_exception_leaves_nothing_open():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError

    model = nn.Sequential(nn.Linear(2, 2), Fails())
    calls = listening(model)
    try:
        model(torch.ones(1, 2))
    except ValueError:
        model[0](torch.ones(1, 2))

    assert [call.parent for call in calls.rows] == [-1, 0, 0, -1]


def test_paused_means_deaf():
    model = nn.Linear(2, 1)
    calls = listening(model)
    calls.paused = True

    model(torch.ones(1, 2))

    assert calls.rows == []


def test_calls_on_other_threads_are_left_out():
    model = nn.Sequential(nn.Linear(2, 2))
    calls = listening(model)
    model(torch.ones(1, 2))

    thread = threading.Thread(target=lambda: model(torch.ones(1, 2)))
    thread.start()
    thread.join()

    assert len(calls.rows) == 2
    assert calls.on_other_threads


def test_too_many_calls_are_cut(monkeypatch):
    monkeypatch.setattr(graph_calls, "MOST", 5)
    model = nn.Linear(2, 2)
    calls = listening(model)

    for _ in range(9):
        model(torch.ones(1, 2))

    assert len(calls.rows) == 5


def test_hooks_come_and_go():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    calls = ModuleCalls(model, Guard())
    assert hooks_on(model) == 0

    calls.arm()
    model(torch.ones(1, 2))
    assert (hooks_on(model), calls.modules()) == (6, 3)
    calls.disarm()
    assert hooks_on(model) == (6 if anything_compiled() else 0)
    calls.arm()
    calls.remove()
    assert hooks_on(model) == 0


def test_what_was_never_called_loses_its_hooks_too():
    """Left in an encoder layer, they would switch off its fused kernel for ever."""
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    calls = listening(model)
    model["a"](torch.ones(1, 2))

    calls.disarm()

    assert len(model["b"]._forward_hooks) == (1 if anything_compiled() else 0)
