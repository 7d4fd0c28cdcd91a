"""What a node, type or tensor of an ONNX model says, in words."""

from __future__ import annotations

import ast
from math import prod
from typing import Any

from vizkit.importers.building import UNKNOWN
from vizkit.kinds.graph.graph import Shape

_DTYPES = {"float": "float32", "double": "float64"}
_FEW = 8
_LONGEST = 80


def metadata_of(node: Any) -> dict[str, str]:
    """Return what the writer noted at a node."""
    return {each.key: each.value for each in node.metadata_props}


def listed(text: str) -> list[str]:
    """Return a list that was written as text."""
    try:
        found = ast.literal_eval(text[:10_000])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else []


def of_type(about: Any) -> tuple[Shape, str] | None:
    """Return shape and dtype of a TypeProto, None if it tells no shape."""
    if not about.HasField("tensor_type") or not about.tensor_type.HasField("shape"):
        return None
    dims = about.tensor_type.shape.dim
    sizes = tuple(d.dim_value if d.HasField("dim_value") else UNKNOWN for d in dims)
    return sizes, dtype_name(about.tensor_type.elem_type)


def dtype_name(number: int) -> str:
    """Return "float32" for the number of FLOAT."""
    import onnx

    try:
        name = str(onnx.TensorProto.DataType.Name(number)).lower()
    except ValueError:
        return str(number)
    return _DTYPES.get(name, name)


def argument(node: Any, place: int) -> str:
    """Return what an operation's input is called."""
    import onnx

    try:
        inputs = onnx.defs.get_schema(node.op_type, domain=node.domain).inputs
        return str(inputs[place].name) if place < len(inputs) else f"input {place}"
    except onnx.defs.SchemaError:
        return f"input {place}"


def value_of(tensor: Any) -> str:
    """Return a small tensor's values; those in other files are not looked for."""
    import onnx

    if prod(tensor.dims) > _FEW or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return ""
    try:
        return str(onnx.numpy_helper.to_array(tensor).tolist())[:_LONGEST]
    except (TypeError, ValueError):
        return ""


def attributes_of(node: Any) -> list[tuple[str, str]]:
    """Return a node's settings in words, without tensors and graphs."""
    found = [(attribute.name, _text(attribute)) for attribute in node.attribute]
    return [each for each in found if each[1]]


def _text(attribute: Any) -> str:
    import onnx

    value = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")[:_LONGEST]
    if isinstance(value, (int, float, str)):
        return f"{value:g}" if isinstance(value, float) else str(value)[:_LONGEST]
    plain = isinstance(value, (list, tuple)) and all(isinstance(e, (int, float)) for e in value)
    return str(list(value))[:_LONGEST] if plain else ""
