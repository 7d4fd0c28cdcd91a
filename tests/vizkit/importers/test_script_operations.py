from collections import Counter

import pytest

from vizkit.importers.building import Building
from vizkit.importers.script_operations import Operations, names_of
from vizkit.importers.script_values import UNKNOWN, Plain, Ref, Several


class Alone(Operations):
    def __init__(self):
        self.building, self.made, self.raised = Building("torchscript"), Counter(), False
        self.building.input("x", None)


X = Ref("x")


@pytest.mark.parametrize(
    ("target", "given", "found"),
    [
        ("torch.relu", [X], Ref("relu~1")),
        ("torch.zeros", [Plain(3)], Ref("zeros~1")),
        ("ops.aten.relu", [X], Ref("relu~1")),
        ("torch.size", [X, Plain(0)], UNKNOWN),
        ("torch.add", [Plain(1), Plain(2)], UNKNOWN),
        ("ops.prim.dtype", [X], UNKNOWN),
        ("annotate", [Plain("List"), X], X),
        ("torch.__is__", [X, Plain(None)], Plain(False)),
        ("torch.__isnot__", [Plain(None), Plain(None)], Plain(False)),
        ("torch.__not__", [Plain(False)], Plain(True)),
        ("torch.__not__", [UNKNOWN], UNKNOWN),
        ("torch.append", [Several([]), X], Several([X])),
    ],
)
def test_what_an_operation_gives(target, given, found):
    assert Alone().operation(target, given, {}, "") == found


def test_only_torchs_own_are_operations():
    alone = Alone()
    alone.operation("torch.conv2d", [X, X, Plain(None), Several([Plain(2), Plain(2)])], {}, "")
    alone.operation("ops.mine.fused", [X], {"k": Plain(3)}, "")
    conv, mine, _ = alone.building.graph().nodes

    assert (conv.kind, conv.attributes) == ("op", (("stride", "[2, 2]"),))
    assert (mine.kind, mine.op, mine.attributes) == ("function", "fused", (("k", "3"),))


def test_exceptions_are_noted():
    alone = Alone()
    alone.operation("ops.prim.RaiseException", [Plain("no")], {}, "")

    assert alone.raised


def test_names():
    assert names_of([X, Several([X, Plain(1)])]) == ["x", "x"]
