"""What one torch.fx node tells: its operation, module calls, shapes and plain arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx

from vizkit.hooks.graph_trace import dtype_name
from vizkit.hooks.subject import clean_name
from vizkit.importers.building import UNKNOWN
from vizkit.importers.module_calls import Entry, op_name
from vizkit.kinds.graph.graph import Shape

_LONGEST = 80
_MODEL = re.compile(r"^L\['\w+'\]\.?")
"""The argument of `forward` that is the model, whatever it is called."""


def nodes_in(arguments: Any) -> Iterator[fx.Node]:
    """Return the nodes in arguments, in order, one that is there twice twice."""
    found: list[fx.Node] = []
    fx.node.map_arg(arguments, found.append)
    return iter(found)


def nodes_read(node: fx.Node) -> list[fx.Node]:
    """Return the nodes that are read, one that is read twice twice; subgraphs are not values."""
    everything = (*node.args, *node.kwargs.values())
    return [each for each in nodes_in(everything) if not _is_subgraph(each)]


def _is_subgraph(node: fx.Node) -> bool:
    return node.op == "get_attr" and "graph" in str(node.target).rpartition(".")[2]


def stack_of(node: fx.Node) -> list[Entry]:
    """Return the module calls around a node, the outermost first."""
    found = []
    for key, (path, kind) in (node.meta.get("nn_module_stack") or {}).items():
        name = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
        if not str(path).startswith("_empty"):
            found.append((str(key), clean_name(_relative(str(path))), name))
    return found


def _relative(path: str) -> str:
    """Return "a.0" for what dynamo calls L['self'].a[0]."""
    path = _MODEL.sub("", path)
    return path.replace("[", ".").replace("]", "").replace("'", "").replace("_modules.", "")


def op_of(node: fx.Node) -> str:
    """Return the operation's name."""
    if isinstance(node.target, str):
        return node.target
    if isinstance(node.target, torch._ops.OpOverload):
        return op_name(f"torch.ops.{node.target}")
    return str(getattr(node.target, "__name__", node.target))


def is_built_in(target: Any) -> bool:
    """Tell whether it is torch's or Python's own function."""
    if isinstance(target, (str, torch._ops.OpOverload, torch._ops.HigherOrderOperator)):
        return True
    module = getattr(target, "__module__", None) or ""
    return module.partition(".")[0] in ("", "torch", "_operator", "operator", "math", "builtins")


def _values(node: fx.Node) -> list[Any]:
    known = (node.meta.get(name) for name in ("val", "example_value", "tensor_meta"))
    value: Any = next((each for each in known if each is not None), None)
    several = isinstance(value, (tuple, list)) and not hasattr(value, "shape")
    return list(value) if several else [] if value is None else [value]


def shapes_of(node: fx.Node) -> list[Shape]:
    """Return the shapes of a node's outputs, as far as fake tensors told them."""
    return [tuple(map(_size, getattr(each, "shape", ()))) for each in _values(node)]


def _size(size: Any) -> int:
    return size if isinstance(size, int) else UNKNOWN


def dtypes_of(node: fx.Node) -> list[str]:
    """Return the dtypes that belong to the shapes."""
    dtypes = [getattr(each, "dtype", None) for each in _values(node)]
    return [dtype_name(each) if isinstance(each, torch.dtype) else "" for each in dtypes]


def attributes_of(node: fx.Node) -> Iterator[tuple[str, str]]:
    """Yield the plain arguments under the names of the operation's schema."""
    schema = getattr(node.target, "_schema", None)
    names = [each.name for each in schema.arguments] if schema is not None else []
    for place, value in enumerate(node.args):
        if text := _text(value):
            yield names[place] if place < len(names) else f"argument {place}", text
    for name, value in node.kwargs.items():
        if text := _text(value):
            yield name, text


def _text(value: Any) -> str:
    """Return a number, a word or a list of these as text; "" for all else."""
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    plain = isinstance(value, (bool, int, float, str))
    numbers = isinstance(value, (list, tuple)) and value
    if plain or (numbers and all(isinstance(each, (bool, int, float)) for each in value)):
        return str(list(value) if numbers else value)[:_LONGEST]
    return ""
