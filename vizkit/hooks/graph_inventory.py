"""What there is in a model, whether or not a step uses it: parameters, buffers, module classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

from vizkit.hooks.graph_trace import dtype_name
from vizkit.hooks.subject import Subject, clean_name, unwrapped, unwrapped_once
from vizkit.kinds.graph.graph import Node

SHARDED = ("FSDP", "FullySharded")
"""How the classes of sharded modules begin."""


@dataclass(frozen=True)
class Inventory:
    """Nodes of all parameters and buffers, and the class of each module by its path.

    `wrappers`: classes of what is around the model, or was mixed into its modules.
    """

    parameters: tuple[Node, ...] = ()
    buffers: tuple[Node, ...] = ()
    modules: Mapping[str, str] | None = None
    wrappers: tuple[str, ...] = ()


def inventory_of(subject: Subject, names: Mapping[int, str]) -> Inventory:
    """Take stock of what is watched; `names` gives a shared parameter its one name."""
    known = {names[id(p)]: p for _, p in subject.parameters() if id(p) in names}
    parameters = tuple(_parameter(name, tensor) for name, tensor in known.items())
    model = subject.model()
    if model is None:
        return Inventory(_by_hand(parameters))
    root = unwrapped(model)
    buffers = tuple(_buffer(clean_name(name), tensor) for name, tensor in root.named_buffers())
    return Inventory(parameters, buffers, _modules(root), _wrappers(model))


def _by_hand(parameters: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return raw tensors of which none asks for a gradient as trained by hand, not frozen."""
    if all(node.state == "frozen" for node in parameters):
        return tuple(replace(node, state="") for node in parameters)
    return parameters


def _wrappers(model: nn.Module) -> tuple[str, ...]:
    found = dict.fromkeys(type(module).__name__ for module in _outside(model))
    mixed = (type(module).__name__ for module in model.modules())
    return (*found, *dict.fromkeys(name for name in mixed if name.startswith(SHARDED)))


def _outside(model: nn.Module) -> Iterator[nn.Module]:
    while (inner := unwrapped_once(model)) is not model:
        yield model
        model = inner


def _modules(root: nn.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, module in root.named_modules():
        found.setdefault(clean_name(path), type(unwrapped(module)).__name__)
    return found


def _parameter(name: str, tensor: Tensor) -> Node:
    lazy = isinstance(tensor, nn.UninitializedParameter)
    return Node(
        id=f"parameter:{name}",
        kind="parameter",
        op=type(tensor).__name__,
        name=name,
        path=name.rpartition(".")[0],
        shapes=() if lazy else (tuple(tensor.shape),),
        dtypes=(dtype_name(tensor.dtype),),
        parameters=0 if lazy else tensor.numel(),
        state="" if tensor.requires_grad else "frozen",
    )


def _buffer(name: str, tensor: Tensor) -> Node:
    lazy = isinstance(tensor, nn.UninitializedBuffer)
    return Node(
        id=f"buffer:{name}",
        kind="buffer",
        op="Buffer",
        name=name,
        path=name.rpartition(".")[0],
        shapes=() if lazy else (tuple(tensor.shape),),
        dtypes=(dtype_name(tensor.dtype),),
    )
