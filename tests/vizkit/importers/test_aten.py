import pytest
import torch

from vizkit.importers import aten


def test_plain_names():
    targets = ("torch.ops.aten.conv2d.default", "aten::conv2d", "aten.conv2d.default", "conv2d")

    assert {aten.plain(target) for target in targets} == {"conv2d"}


def test_an_unknown_argument_is_told_by_its_place():
    assert aten.argument("frobnicate", 3) == "argument 3"
    assert aten.argument("relu_", 1) == "argument 1"


@pytest.mark.parametrize("op", sorted(aten._ARGUMENTS))
def test_names_are_those_of_torch(op):
    told, packet = aten._ARGUMENTS[op], getattr(torch.ops.aten, op)
    schemas = [getattr(packet, overload)._schema for overload in packet.overloads()]
    names = [
        tuple(each.name.replace("self", "input") for each in schema.arguments) for schema in schemas
    ]

    assert told in [found[: len(told)] for found in names]
