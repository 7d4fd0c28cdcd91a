"""The function mode that hears operations; it hands on every call as it came."""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vizkit.hooks.graph_calls import tensor_version
from vizkit.hooks.graph_lines import OURS
from vizkit.hooks.graph_ops import Op, Operations
from vizkit.hooks.guard import Guard
from vizkit.hooks.shapes import tensors_in

MADE_BY_GETTING = frozenset({"T", "mT", "H", "mH", "real", "imag", "data"})
"""Attributes that are operations; the others are read without any."""

READS = frozenset({"item", "tolist", "numpy", "bool", "int", "float", "index", "equal", "allclose"})
"""Operations whose result is no tensor, but decides how the program goes on."""

GUARDED = "graph operations"

TOLD = (int, float, bool, str, torch.dtype)
FEW = 8
LONGEST = 60
"""Characters of an argument that are kept."""

_unseen = torch._C.DisableTorchFunction
"""What we ask tensors in it is no operation for the user's modes below ours."""

TRIVIAL = frozenset(
    {
        "__len__",
        "__set__",
        "__repr__",
        "__format__",
        "__hash__",
        "__deepcopy__",
        "__reduce_ex__",
        "__contains__",
        "dim",
        "size",
        "numel",
        "nelement",
        "stride",
        "storage_offset",
        "element_size",
        "data_ptr",
        "get_device",
        "device",
        "type",
        "result_type",
        "is_contiguous",
        "is_floating_point",
        "is_complex",
        "is_tensor",
        "is_inference",
        "is_same_size",
        "iscomplexobj",
        "backward",
        "register_hook",
        "retain_grad",
        "requires_grad_",
        "_set_grad_enabled",
    }
)
"""Calls that are no operation."""

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
Reading = tuple[Op, list[Tensor], list[int]]
"""An operation under way, the tensors it reads, and how often each had been written to."""


class FunctionMode(TorchFunctionMode):
    """Calls what is called, and tells of it; nothing of ours raises into it."""

    def __init__(self, operations: Operations, guard: Guard) -> None:
        super().__init__()
        self._operations = operations
        self._guard = guard

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = name_of(func)
        caller = sys._getframe(1).f_code.co_filename
        if not name or caller.startswith(OURS) or not self._operations.hears():
            return func(*args, **kwargs)
        reading = self._guard.timed(GUARDED, self._begins, name, (args, kwargs))
        result = func(*args, **kwargs)
        if reading is not None:
            with _unseen():
                self._guard.timed(GUARDED, self._ended, reading, (args, kwargs), result)
        return result

    def _begins(self, name: str, arguments: Any) -> Reading:
        with _unseen():
            tensors = list(tensors_in(arguments))
            versions = [tensor_version(tensor) for tensor in tensors]
            return self._operations.begins(name, tensors), tensors, versions

    def _ended(self, reading: Reading, arguments: Arguments, result: Any) -> None:
        op, tensors, versions = reading
        made = tensors[:1] if op.name == "setitem" else list(tensors_in(result))
        if not made and op.name not in READS:
            return
        same = {id(t) for t, was in zip(tensors, versions, strict=True) if _is_as(t, was)}
        if made and all(id(tensor) in same for tensor in made):
            return  # such as x.to(device) where it already is
        op.arguments = tuple(_told(*arguments))
        self._operations.ended(op, tensors, made)


def _is_as(tensor: Tensor, version: int) -> bool:
    return tensor_version(tensor) == version


def _told(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was passed besides tensors: numbers, texts and types, and tuples of them."""
    named = [(f"argument {place}", value) for place, value in enumerate(args, 1)]
    told = [(name, value) for name, value in [*named, *kwargs.items()] if _is_told(value)]
    return [(name, str(value)[:LONGEST]) for name, value in told]


def _is_told(value: Any) -> bool:
    each = value if type(value) is tuple else (value,)
    return len(each) <= FEW and all(isinstance(item, TOLD) for item in each)


def name_of(func: Any) -> str:
    """Return an operation's name, "" for what is none: shapes, types and devices."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        attribute = getattr(getattr(func, "__self__", None), "__name__", "")
        return attribute if attribute in MADE_BY_GETTING else ""
    if name in TRIVIAL:
        return ""
    is_dunder = name.startswith("__") and name.endswith("__")
    return name[2:-2] if is_dunder else name
