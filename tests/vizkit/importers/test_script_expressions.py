import ast

import pytest

from vizkit.importers.script_expressions import Expressions
from vizkit.importers.script_values import UNKNOWN, Dotted, Plain, Ref, Several


class Noted(Expressions):
    """Notes what is called; an attribute of anything is a longer name."""

    def __init__(self):
        self.calls = []

    def step(self):
        pass

    def attribute(self, owner, name):
        return Dotted(f"{owner.name}.{name}")

    def call(self, target, given, named, scope):
        self.calls.append((target.name, given, named))
        return Ref(target.name)


def value(text, **env):
    noted = Noted()
    return noted.value(ast.parse(text, mode="eval").body, env, ""), noted.calls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", Plain(3)),
        ("-3.5", Plain(-3.5)),
        ("not True", Plain(False)),
        ("(1, x)", Several([Plain(1), Ref("x")])),
        ("[1, x][1]", Ref("x")),
        ("{'a': x}['a']", Ref("x")),
        ("x[0]", Ref("x")),
        ("None is None", Plain(True)),
        ("x is not None", Plain(True)),
        ("u is None", UNKNOWN),
        ("1 if True else x", Plain(1)),
        ("x if u else y", Several([Ref("x"), Ref("y")])),
        ("torch.nn.functional", Dotted("torch.nn.functional")),
        ("lambda: 1", UNKNOWN),
    ],
)
def test_values(text, expected):
    assert value(text, x=Ref("x"), y=Ref("y"), u=UNKNOWN) == (expected, [])


def test_operators_are_calls():
    assert value("x @ y + 2", x=Ref("x"), y=Ref("y"))[1] == [
        ("torch.matmul", [Ref("x"), Ref("y")], {}),
        ("torch.add", [Ref("torch.matmul"), Plain(2)], {}),
    ]
    assert value("-x", x=Ref("x"))[1] == [("torch.neg", [Ref("x")], {})]
    assert value("x > 0", x=Ref("x"))[1] == [("torch.compare", [Ref("x"), Plain(0)], {})]


def test_calls_with_keywords():
    assert value("torch.sum(x, dim=1)", x=Ref("x"))[1] == [
        ("torch.sum", [Ref("x")], {"dim": Plain(1)})
    ]


def test_getattr_is_an_attribute():
    assert value('getattr(m, "0")', m=Dotted("m")) == (Dotted("m.0"), [])
