import torch
from torch import nn

from vizkit.hooks.graph_inventory import inventory_of
from vizkit.hooks.roster import Roster
from vizkit.hooks.subject import subject_of


def stock(watched):
    subject = subject_of(watched)
    return inventory_of(subject, Roster(subject, []).canonical())


def test_parameters_buffers_and_classes():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model[0].bias.requires_grad_(False)

    found = stock(model)

    assert [(n.name, n.path, n.parameters, n.state) for n in found.parameters] == [
        ("0.weight", "0", 6, ""),
        ("0.bias", "0", 3, "frozen"),
        ("1.weight", "1", 3, ""),
        ("1.bias", "1", 3, ""),
    ]
    assert [node.id for node in found.buffers][0] == "buffer:1.running_mean"
    assert found.modules == {"": "Sequential", "0": "Linear", "1": "BatchNorm1d"}


def test_tied_weights_are_one():
    model = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    model["b"].weight = model["a"].weight

    assert [node.id for node in stock(model).parameters] == ["parameter:a.weight"]


def test_lazy_parameters_have_no_shape_yet():
    (weight, _) = stock(nn.Sequential(nn.LazyLinear(3))).parameters

    assert (weight.shapes, weight.parameters) == ((), 0)


def test_raw_tensors():
    found = stock({"w": torch.ones(2, 3, requires_grad=True)})

    assert [(node.name, node.shapes) for node in found.parameters] == [("w", ((2, 3),))]
    assert found.modules is None


def test_raw_tensors_without_autograd_are_trained_by_hand_not_frozen():
    by_hand = stock({"v": torch.ones(2), "w": torch.ones(3)})
    mixed = stock({"v": torch.ones(2), "w": torch.ones(3, requires_grad=True)})

    assert [node.state for node in by_hand.parameters] == ["", ""]
    assert [node.state for node in mixed.parameters] == ["frozen", ""]
