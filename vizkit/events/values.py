"""Reading one Summary.Value by protobuf: whatever is not just a tag and a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorboard.compat.proto.summary_pb2 import Summary

from vizkit.events.varint import FIXED64, fields
from vizkit.kinds.vector.names import PLUGIN as VECTOR_PLUGIN
from vizkit.kinds.vector.names import decode_names

EXACT_FIELD = 1729
SCALAR_PLUGIN = "scalars"
_OLD_KINDS = {"histo": "histograms", "image": "images", "audio": "audio"}
_DATA_CLASS_SCALAR = 1
# TensorProto's dtype: how it lies in tensor_content, and the field it has otherwise.
_DTYPES = {
    1: ("<f4", "float_val"),
    2: ("<f8", "double_val"),
    3: ("<i4", "int_val"),
    9: ("<i8", "int64_val"),
}
_unpack_double = Struct("<d").unpack_from


@dataclass(frozen=True)
class Scalar:
    """A number. plugin: "" if this record does not say it."""

    tag: str
    plugin: str
    value: float


@dataclass(frozen=True)
class Row:
    """A vector. names: None where this record does not say them. value: shape (k,)."""

    tag: str
    plugin: str
    names: tuple[str, ...] | None
    value: NDArray[Any]


@dataclass(frozen=True)
class Other:
    """A value of another kind. plugin: "" if this record does not say it."""

    tag: str
    plugin: str


Value = Scalar | Row | Other


def read_value(raw: bytes, start: int, end: int, plugins: Mapping[str, str]) -> Value:
    """Read the Summary.Value in `raw[start:end]`.

    plugins: plugin of each tag, as its earlier records said.

    Raises:
        ValueError: if the bytes are not a Summary.Value.
    """
    try:
        value = Summary.Value.FromString(raw[start:end])
    except DecodeError as error:
        raise ValueError("summary is not protobuf") from error
    tag = value.tag or value.node_name
    if value.HasField("simple_value"):
        return Scalar(tag, "", _exact(raw, start, end, value.simple_value))
    return _tagged(value, tag, plugins)


def _tagged(value: Any, tag: str, plugins: Mapping[str, str]) -> Value:
    stated = value.metadata.plugin_data.plugin_name
    plugin = plugins.get(tag, stated)
    if not value.HasField("tensor"):
        return Other(tag, plugin or _OLD_KINDS.get(value.WhichOneof("value") or "", ""))
    array = _array(value.tensor)
    if plugin == VECTOR_PLUGIN and array is not None:
        return Row(tag, plugin, decode_names(value.metadata.plugin_data.content), array)
    if array is not None and array.size == 1 and _is_scalar(plugin, value):
        return Scalar(tag, plugin, float(array[0]))
    return Other(tag, plugin)


def _is_scalar(plugin: str, value: Any) -> bool:
    named = plugin in (SCALAR_PLUGIN, "") or value.metadata.data_class == _DATA_CLASS_SCALAR
    return named and all(dim.size == 1 for dim in value.tensor.tensor_shape.dim)


def _array(tensor: Any) -> NDArray[Any] | None:
    """Return the numbers of a tensor, flat; None if they are not numbers."""
    dtype, name = _DTYPES.get(tensor.dtype, ("", ""))
    if not dtype:
        return None
    content = tensor.tensor_content
    if content:
        whole = len(content) % np.dtype(dtype).itemsize == 0
        return np.frombuffer(content, dtype) if whole else None
    return np.array(getattr(tensor, name), dtype)


def _exact(raw: bytes, start: int, end: int, single: float) -> float:
    """Return the float64 beside a simple_value, or that one."""
    if end - start < 10:
        return float(single)
    for number, wire, at, _ in fields(raw, start, end):
        if number == EXACT_FIELD and wire == FIXED64:
            return float(_unpack_double(raw, at)[0])
    return float(single)


def string_value(data: bytes) -> bytes:
    """Return the text in the tensor of a serialized Summary.Value; b"" if there is none."""
    try:
        found = Summary.Value.FromString(data).tensor.string_val
    except DecodeError:
        return b""
    return bytes(found[0]) if found else b""
