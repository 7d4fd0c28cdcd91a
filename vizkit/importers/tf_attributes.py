"""What a node of a TensorFlow graph says of itself, in words."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from tensorboard.compat.proto import types_pb2

from vizkit.importers.building import UNKNOWN
from vizkit.kinds.graph.graph import Shape

LONGEST = 80
"""Characters of an attribute that are kept."""
_FEW = 8
_HIDDEN = ("_output_shapes", "shape", "dtype", "value")


def shape_of(proto: Any) -> Shape | None:
    """Return a TensorShapeProto's sizes, UNKNOWN for those left open; None if even the rank is."""
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else UNKNOWN for dim in proto.dim)


def shapes_of(node: Any) -> tuple[Shape, ...]:
    """Return the shapes of a node's outputs, as far as it says them."""
    if "_output_shapes" in node.attr:
        found = [shape_of(each) for each in node.attr["_output_shapes"].list.shape]
        return tuple(shape for shape in found if shape is not None)
    if "shape" in node.attr and node.attr["shape"].WhichOneof("value") == "shape":
        shape = shape_of(node.attr["shape"].shape)
        return () if shape is None else (shape,)
    if "value" in node.attr:
        return (shape_of(node.attr["value"].tensor.tensor_shape) or (),)
    return ()


def dtypes_of(node: Any) -> tuple[str, ...]:
    """Return the dtype of a node's outputs, if it says one."""
    for name in ("dtype", "T"):
        if name in node.attr and node.attr[name].type:
            return (dtype_name(node.attr[name].type),)
    return ()


def dtype_name(number: int) -> str:
    """Return "float32" for DT_FLOAT."""
    known = types_pb2.DataType.DESCRIPTOR.values_by_number
    name = known[number].name.removeprefix("DT_").lower() if number in known else str(number)
    return {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)


def attributes_of(node: Any) -> tuple[tuple[str, str], ...]:
    """Return what else a node says: strides, padding, a small constant's value, its device."""
    found = [(name, text) for name, text in _told(node) if text]
    if node.device:
        found.append(("device", node.device))
    return tuple(found)


def functions_of(node: Any) -> Iterator[tuple[str, str]]:
    """Yield (attribute, function) of the functions that a node calls, such as a loop's body."""
    for name in sorted(node.attr):
        value = node.attr[name]
        if value.WhichOneof("value") == "func":
            yield name, value.func.name
        elif value.WhichOneof("value") == "list":
            yield from ((f"{name}_{at}", each.name) for at, each in enumerate(value.list.func))


def _told(node: Any) -> Iterator[tuple[str, str]]:
    for name in sorted(node.attr):
        if name not in _HIDDEN and not name.startswith("_"):
            yield name, _text(node.attr[name])[:LONGEST]
    if "value" in node.attr:
        yield "value", _values(node.attr["value"].tensor)


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind == "list":
        return _list(value.list)
    if kind in ("tensor", "func", None):
        return ""
    if kind == "shape":
        return str(list(shape_of(value.shape) or ()))
    return _plain(kind, getattr(value, kind))


def _list(value: Any) -> str:
    for field in ("i", "s", "f", "b", "type"):
        found = getattr(value, field)
        if found:
            return "[" + ", ".join(_plain(field, each) for each in found[:20]) + "]"
    return ""


def _plain(kind: str, value: Any) -> str:
    if kind == "s":
        return str(value.decode("utf-8", "replace"))
    return dtype_name(value) if kind == "type" else f"{value:g}" if kind == "f" else str(value)


def _values(tensor: Any) -> str:
    """Return a small tensor's values; larger ones are not even unpacked."""
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    if min(sizes, default=1) < 1 or prod(sizes) > _FEW:
        return ""
    # Here, not above: it loads much that a viewer rarely needs.
    from tensorboard.util import tensor_util

    try:
        return " ".join(str(tensor_util.make_ndarray(tensor).tolist()).split())[:LONGEST]
    except (TypeError, ValueError):
        return ""
