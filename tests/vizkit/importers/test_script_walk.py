import ast
from contextlib import suppress

import pytest

from vizkit.importers import script_walk
from vizkit.importers.building import Building
from vizkit.importers.script_values import Plain, Ref
from vizkit.importers.script_walk import Walk


def followed(text, **given):
    """Return the graph of what `f` does, and its result; x is an input."""
    code = {item.name: item for item in ast.parse(text).body}
    building = Building("torchscript")
    building.input("x", None)
    walk = Walk(building, code, lambda path, tensor: path)
    named = {name: Plain(value) for name, value in given.items()}
    result = walk.function(code["f"], [Ref("x")], named, "")
    building.output("0", result.name)
    return building.graph()


def ops(graph):
    return [(node.scope, node.op) for node in graph.nodes if node.order >= 0]


def test_a_known_branch_is_taken():
    text = (
        "def f(x, flag):\n  if flag:\n    y = torch.sin(x)\n"
        "  else:\n    y = torch.cos(x)\n  return y"
    )

    assert ops(followed(text, flag=True)) == [("", "sin")]
    assert ops(followed(text, flag=False)) == [("", "cos")]


def test_an_unknown_branch_shows_both_ways(wires):
    text = (
        "def f(x):\n  if torch.gt(torch.sum(x), 0):\n    y = torch.sin(x)\n"
        "  else:\n    y = torch.cos(x)\n  return y"
    )
    graph = followed(text)

    assert ops(graph) == [
        ("", "sum"), ("", "gt"), ("/if", "sin"), ("/else", "cos"), ("", "if"),
    ]  # fmt: skip
    assert wires(graph) >= {(":gt", ":if"), ("/if:sin", ":if"), ("/else:cos", ":if")}


def test_returns_in_both_branches_meet(wires):
    text = (
        "def f(x):\n  if torch.any(x):\n    return torch.sin(x)\n  else:\n    return torch.cos(x)"
    )

    assert (":if", "output:0") in wires(followed(text))


def test_a_branch_that_only_raises_is_no_way():
    text = (
        "def f(x):\n  if torch.ne(torch.dim(x), 4):\n"
        "    ops.prim.RaiseException('no', 'ValueError')\n  else:\n    pass\n  return torch.sin(x)"
    )

    assert ops(followed(text)) == [("", "sin")]


def test_a_loop_shows_one_turn(wires):
    text = "def f(x, n):\n  for i in range(n):\n    x = torch.mul(x, i)\n  return x"
    graph = followed(text)

    assert ops(graph) == [("/for", "mul"), ("", "for")]
    assert wires(graph) == {
        ("input:x", "/for:mul"),
        ("input:x", ":for"),
        ("/for:mul", ":for"),
        (":for", "output:0"),
    }


def test_functions_are_followed_and_methods_of_tensors_are_operations():
    text = "def g(y, k=2):\n  return torch.mul(y, k)\ndef f(x):\n  return g(x.relu(), k=3)"
    graph = followed(text)

    assert ops(graph) == [("", "relu"), ("", "mul")]
    assert graph.nodes[1].attributes == (("argument 1", "3"),)


def test_lists_that_grow(wires):
    text = (
        "def f(x):\n  found = annotate(List[Tensor], [])\n  _ = torch.append(found, x)\n"
        "  _ = torch.append(found, torch.sin(x))\n  return torch.cat(found, 1)"
    )

    assert wires(followed(text)) == {
        ("input:x", ":sin"), ("input:x", ":cat"), (":sin", ":cat"), (":cat", "output:0"),
    }  # fmt: skip


def test_code_that_calls_itself_ends():
    with pytest.raises(ValueError, match="too deeply"):
        followed("def f(x):\n  return f(x)")


def test_exponential_code_ends(monkeypatch):
    monkeypatch.setattr(script_walk, "MOST_STEPS", 10_000)
    text = "def g0(x):\n  return x\n"
    for k in range(40):
        text += f"def g{k + 1}(x):\n  y = g{k}(x)\n  return g{k}(y)\n"

    with pytest.raises(ValueError, match="10,000 steps"):
        followed(text + "def f(x):\n  return g40(x)")


def test_what_is_left_out_is_none():
    text = (
        "def f(x, h=None):\n  if torch.__is__(h, None):\n    y = torch.sin(x)\n"
        "  else:\n    y = torch.cos(x)\n  if torch.__not__(torch.__isnot__(x, None)):\n"
        "    y = torch.tan(y)\n  return y"
    )

    assert ops(followed(text)) == [("", "sin")]


BOMBS = {
    "tuples": "def f(x):\n  a = (x, x)\n" + "  a = (a, a)\n" * 60 + "  return torch.cat(a)",
    "text": "def f(x):\n  return torch.sum(x, " + "[" * 60 + "1" + "]" * 60 + ")",
    "lists": "def f(x):\n"
    + "".join(f"  a{k} = [x]\n" for k in range(40))
    + "".join(f"  b = torch.append(a{k}, a{k - 1})\n" * 2 for k in range(39, 0, -1))
    + "  return torch.cat(a39)",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_few_lines_never_take_forever(name):
    with suppress(ValueError):
        followed(BOMBS[name])
