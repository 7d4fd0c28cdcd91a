"""Pickles of torch read without running them: every object in them becomes a stub."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from vizkit.kinds.graph.graph import Shape

MOST_BYTES = 64 << 20
"""Of a pickle without its tensors' contents; reading is in Python, and so slow."""
_LONGEST = 80
_REBUILT = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
_WRAPPED = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_REFUSED = (
    pickle.BYTEARRAY8,  # reserves what it claims before it looks
    pickle.NEXT_BUFFER,
    pickle.EXT1,
    pickle.EXT2,
    pickle.EXT4,
)
_DTYPES = {"Float": "float32", "Double": "float64", "Half": "float16", "Long": "int64"}


class Stub:
    """Stands for an object of a class that is not loaded. `state`: what it was filled with."""

    module, kind = "", ""

    def __new__(cls, *arguments: Any, **keywords: Any) -> Stub:
        """Return one, whatever its class would have wanted."""
        made = object.__new__(cls)
        made.arguments, made.state = arguments, {}
        return made

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.arguments: tuple[Any, ...]
        self.state: dict[str, Any]

    def __setstate__(self, state: Any) -> None:
        """Take what the pickle fills it with."""
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict):
            state = {**state[0], **(state[1] or {})}
        self.state = state if isinstance(state, dict) else {"state": state}

    def __setitem__(self, name: Any, value: Any) -> None:
        """Take an item, where the class is a dict."""
        self.state[str(name)] = value

    def append(self, value: Any) -> None:
        """Take an item, where the class is a list."""
        self.state[str(len(self.state))] = value

    def extend(self, values: Any) -> None:
        """Take items, where the class is a list."""
        for value in values:
            self.append(value)


class TensorStub:
    """Stands for a tensor, of which nothing but the form is known, and where its content lies."""

    def __init__(
        self, shape: Shape, dtype: str, key: object, *, grad: bool, parameter: bool = False
    ) -> None:
        self.shape, self.dtype, self.grad, self.parameter = shape, dtype, grad, parameter
        self.key = key


def load(content: bytes) -> Any:
    """Return what a pickle holds, as stubs, plain values, lists and dicts.

    Raises:
        ValueError: if it is too large, or asks for something that is never needed.
        UnpicklingError, LookupError, TypeError, EOFError: if it is damaged.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"its pickle has {len(content):,} bytes, more than {MOST_BYTES >> 20} MiB")
    try:
        return _Reader(io.BytesIO(content)).load()
    except pickle.UnpicklingError as error:
        raise ValueError(f"its pickle is damaged: {error}") from error


# In Python, not in C: there a forged number of a memo entry reserves gigabytes.
class _Reader(pickle._Unpickler):
    dispatch = {k: v for k, v in pickle._Unpickler.dispatch.items() if bytes((k,)) not in _REFUSED}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in _REBUILT:
            return _tensor
        if module == "torch._utils" and name in _WRAPPED:
            return _parameter
        if module == "torch.fx.graph_module" and name.startswith("reduce_"):
            return _graph_module
        if module == "torch.jit._pickle":
            return _first
        return type(name[:200], (Stub,), {"module": module, "kind": name})

    def persistent_load(self, pid: Any) -> Any:
        return pid


def held_by(stub: Any) -> Mapping[str, Any]:
    """Return what an object holds by name: scripted modules directly, others in three dicts."""
    state = stub.state
    parts = [state.get(name) for name in ("_parameters", "_buffers", "_modules")]
    found = dict(state)
    for part in parts:
        if isinstance(part, dict):
            found.update(part)
    return found


def settings_of(stub: Any) -> dict[str, str]:
    """Return the plain values that a module holds: kernel_size, stride, p."""
    hidden = ("training", "_is_full_backward_hook")
    return {
        name: str(value)[:_LONGEST]
        for name, value in stub.state.items()
        if _is_plain(value) and name not in hidden and not name.startswith("_")
    }


def _is_plain(value: Any) -> bool:
    """Tell whether a value is short as text: tuples of a pickle may hold each other."""
    parts = value[:_LONGEST] if isinstance(value, tuple) else (value,)
    return all(isinstance(part, (bool, int, float, str)) for part in parts)


def _tensor(storage: Any, offset: Any, shape: Any, *rest: Any) -> TensorStub:
    grad = any(flag is True for flag in rest)
    shape = tuple(map(int, shape))
    place = storage[2] if isinstance(storage, tuple) and len(storage) > 2 else id(storage)
    return TensorStub(shape, _dtype(storage, rest), (str(place), str(offset), shape), grad=grad)


def _parameter(data: Any, grad: Any = True, *rest: Any) -> Any:
    if isinstance(data, TensorStub):
        return TensorStub(data.shape, data.dtype, data.key, grad=bool(grad), parameter=True)
    return data


def _first(value: Any, *rest: Any) -> Any:
    """Return a list of TorchScript without what says its type."""
    return value


def _graph_module(body: Any, *rest: Any) -> Stub:
    made: Stub = type("GraphModule", (Stub,), {"module": "fx", "kind": "GraphModule"})()
    made.__setstate__(body)
    return made


def _dtype(storage: Any, rest: Any) -> str:
    """Return "float32" for ("storage", FloatStorage, ...)."""
    kind = storage[1] if isinstance(storage, tuple) and len(storage) > 1 else None
    name = str(getattr(kind, "kind", "")).removesuffix("Storage")
    return _DTYPES.get(name, name.lower())
