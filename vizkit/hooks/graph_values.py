"""Numbers on the nodes of tiny graphs: what operations made, and the gradients that came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle, unserializable_hook

from vizkit.hooks.graph_ops import Op
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.tree import RUNNING
from vizkit.kinds.vector.value import Vector

MOST_OPERATIONS = 64
MOST_ELEMENTS = 1 << 18
"""Of each tensor; a graph with more, or with larger ones, has no numbers."""

VALUE_TAG, GRADIENT_TAG = "node_value", "node_grad"

KINDS_WITH_VALUES = ("input", "loose", "id")

Key = tuple[str, Any]
"""An operation ("op", place), or what it read: the first two of its `Origin`."""


class Values:
    """Takes numbers while operations are listened to; keeps no tensor, and nothing past the step.

    Only where that waits for no device. A number is the tensor's own where it has one element, else
    its L2 norm; of several results of an operation the first counts.
    """

    def __init__(self) -> None:
        self.made: dict[Key, float] = {}
        self.gradients: dict[Key, float] = {}
        self.losses: list[float] = []
        self._handles: list[RemovableHandle] = []
        self._is_over = False

    @property
    def are_there(self) -> bool:
        """Tell whether all of this step's operations so far have numbers."""
        return bool(self.made) and not self._is_over

    def saw(self, place: int, op: Op, read: Sequence[Tensor], made: Sequence[Tensor]) -> None:
        """Take the numbers of an operation that just ran."""
        if self._is_over or op.hidden or op.transformed:
            return
        if place >= MOST_OPERATIONS or not all(map(_is_small, (*read, *made))):
            self._give_up()
            return
        for (kind, origin, _), tensor in zip(op.inputs, read, strict=True):
            if kind in KINDS_WITH_VALUES and (kind, origin) not in self.made:
                self.made[kind, origin] = number(tensor)
        for tensor in made[:1]:
            self.made["op", place] = number(tensor)
            if op.grad and tensor.requires_grad:
                self._handles.append(tensor.register_hook(self._hook(("op", place))))

    def passed(self, losses: Iterable[Tensor], parameters: Iterable[tuple[str, Tensor]]) -> None:
        """Take losses and `.grad`s after a backward pass."""
        self.losses += [number(loss) for loss in losses if _is_small(loss)]
        for name, parameter in parameters:
            gradient = parameter.grad
            if gradient is not None and _is_small(gradient):
                self.gradients["id", f"parameter:{name}"] = number(gradient)

    def vectors(
        self, names: Mapping[Key, str], losses: Sequence[tuple[str, str]]
    ) -> dict[str, Vector]:
        """Return vectors of values and gradients by the names of nodes in the logged graph.

        `losses`: the node of each loss, and of the operation that made it.
        """
        values = {names[key]: value for key, value in self.made.items() if key in names}
        if len(losses) == len(self.losses):
            for nodes, value in zip(losses, self.losses, strict=True):
                values |= dict.fromkeys(filter(None, nodes), value)
        slopes = {names[key]: value for key, value in self.gradients.items() if key in names}
        found = {VALUE_TAG: values, GRADIENT_TAG: slopes}
        return {tag: Vector(tuple(e), list(e.values())) for tag, e in found.items() if e}

    def clear(self) -> None:
        """Forget a step that is over."""
        self._give_up()
        self.losses = []
        self._is_over = False

    def _hook(self, key: Key) -> Any:
        gradients = self.gradients

        @unserializable_hook  # type: ignore[untyped-decorator]
        def hear(gradient: Tensor) -> None:
            if _is_small(gradient):
                gradients[key] = number(gradient)

        return hear

    def _give_up(self) -> None:
        self._is_over = True
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        # Hooks that are running now still have the old ones.
        self.made, self.gradients = {}, {}


def number(tensor: Tensor) -> float:
    """Return the value of a tensor of one element, the L2 norm of any other, on the CPU."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        flat = tensor.detach()
        if flat.numel() == 1:
            found = flat.item()
            return abs(found) if isinstance(found, complex) else float(found)
        flat = (flat.abs() if flat.is_complex() else flat).double()
        return float(torch.linalg.vector_norm(flat).item())


def is_tiny(graph: Graph) -> bool:
    """Tell whether a graph is small enough for numbers to be read on it."""
    return sum(node.kind in RUNNING for node in graph.nodes) <= MOST_OPERATIONS


def _is_small(tensor: Tensor) -> bool:
    """Tell whether a tensor's numbers are at hand: plain memory of the CPU, and not much of it."""
    with torch._C.DisableTorchFunction():
        return (
            tensor.device.type == "cpu"
            and tensor.numel() <= MOST_ELEMENTS
            and tensor.layout is torch.strided
            and type(tensor) in (Tensor, torch.nn.Parameter)
            and not (tensor.is_quantized or tensor.is_nested)
            and torch._C._len_torch_dispatch_stack() == 0
        )
