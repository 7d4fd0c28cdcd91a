from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import nn

from vizkit.hooks.eager_modules import anything_compiled
from vizkit.hooks.guard import Guard
from vizkit.hooks.shapes import COMPILED, Call, ForwardWatcher, is_compiled, shape_of, tensors_in


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift, self.block, self.head = nn.Linear(2, 4), nn.Linear(4, 4), nn.Linear(4, 1)
        self.unused = nn.Linear(1, 1)

    def forward(self, x):
        hidden = self.lift(x)
        return self.head((hidden + self.block(hidden.relu())).tanh())


def watch_one_pass(model, *inputs):
    seen = []
    watcher = ForwardWatcher(model, Guard(), seen.append)
    model(*inputs)
    watcher.remove()
    return seen


def test_shapes_and_order_of_the_first_call():
    (seen,) = watch_one_pass(Residual(), torch.ones(3, 2))

    assert seen.calls[""] == Call(((3, 2),), ((3, 1),), order=0)
    assert seen.calls["lift"] == Call(((3, 2),), ((3, 4),), order=1)
    assert seen.calls["head"].order == 3
    assert "unused" not in seen.calls


def test_edges_see_through_functions_between_modules():
    (seen,) = watch_one_pass(Residual(), torch.ones(3, 2))

    assert seen.edges == [("lift", "block"), ("lift", "head"), ("block", "head")]


def test_only_the_first_pass_with_gradients_is_watched():
    model, seen = nn.Linear(2, 1), []
    ForwardWatcher(model, Guard(), seen.append)

    with torch.no_grad():
        model(torch.ones(100, 2))
    assert seen == []
    model(torch.ones(3, 2))
    model(torch.ones(4, 2))

    assert [each.calls[""].inputs for each in seen] == [((3, 2),)]
    assert not model._forward_hooks
    assert not model._forward_pre_hooks


def test_a_module_called_again_keeps_its_first_call():
    shared = nn.Linear(2, 2)
    (seen,) = watch_one_pass(nn.Sequential(shared, shared, nn.ReLU()), torch.ones(3, 2))

    assert seen.calls["0"].order == 1
    assert seen.edges == [("0", "0"), ("0", "2")]


def test_nested_inputs_and_keywords():
    class Model(nn.Module):
        def forward(self, batch, *, mask):
            return {"out": (batch["x"] * mask,)}

    seen = []
    model = Model()
    ForwardWatcher(model, Guard(), seen.append)
    model({"x": torch.ones(2, 3), "name": "a"}, mask=torch.ones(3))

    assert seen[0].calls[""] == Call(((2, 3), (3,)), ((2, 3),), order=0)


def test_a_root_that_is_never_called_tells_when_asked():
    model, seen = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.Linear(2, 1)}), []
    watcher = ForwardWatcher(model, Guard(), seen.append)

    model["a"](torch.ones(3, 2))
    watcher.finish()
    watcher.finish()

    assert [list(each.calls) for each in seen] == [["a"]]
    assert not model["a"]._forward_hooks


def test_nothing_seen_means_compiled():
    seen = []
    watcher = ForwardWatcher(nn.Linear(2, 1), Guard(), seen.append)

    watcher.finish()
    watcher.remove()

    assert seen[0].notes == [COMPILED]


def test_a_compiled_part_is_found():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    assert not is_compiled(model)

    model[1].compile(backend="eager")

    assert is_compiled(model)
    assert is_compiled(torch.compile(nn.Linear(1, 1), backend="eager"))


def test_tensors_are_found_in_any_nest():
    a, b, c = torch.ones(1), torch.ones(2), torch.ones(3)

    assert list(tensors_in(({"a": a}, [b, ("x", c)], 1))) == [a, b, c]


def test_tensors_are_found_in_dataclasses_without_asking_their_properties():
    a, b = torch.ones(1), torch.ones(2)

    @dataclass
    class Plain:
        value: Any
        rest: Any = None

    @dataclass(slots=True)
    class Slots:
        value: Any
        unset: Any = field(init=False)

    class Asking(Plain):
        @property
        def rest(self):
            raise AssertionError("nobody may ask")

        @rest.setter
        def rest(self, value):
            pass

    assert list(tensors_in(Plain(a, {"x": Slots(b)}))) == [a, b]
    assert list(tensors_in([Asking(a), Plain])) == [a]


def test_no_hook_is_left_in_an_encoder_layer_and_none_comes_into_one_that_evaluates():
    """Its fused kernel would be off for ever: `out_proj` is never called as a module."""
    for evaluates in (False, True):
        model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).train(not evaluates)
        model = nn.Sequential(model, nn.Linear(8, 2))
        watcher = ForwardWatcher(model, Guard(), lambda seen: None)
        inside = [len(m._forward_hooks) for m in model[0].modules()]
        model(torch.ones(2, 3, 8))

        assert any(inside) is not evaluates
        assert watcher.is_done
        if not anything_compiled():
            assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_dimensions_that_differ_within_a_nested_tensor_have_no_size():
    jagged = torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)], layout=torch.jagged)

    assert shape_of(jagged) == (2, -1, 4)
    assert shape_of(torch.ones(2, 3)) == (2, 3)
