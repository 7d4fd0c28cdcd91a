"""Operations as they were called: their lines of code, and what autograd does not record."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from typing import Any

import torch
from torch import Tensor

from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_lines import Lines
from vizkit.hooks.graph_trace import dtype_name
from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.shapes import shape_of
from vizkit.kinds.graph.graph import Shape

MOST = 20_000
"""Operations of one step that are kept; beyond it the step has none at all."""

Origin = tuple[str, Any, int]
"""Who made a tensor: ("op", place, output), ("call", place, 0), ("input", number, 0), ("number",
autograd's, 0), ("id", a parameter's or buffer's node, 0) or ("loose", number, 0) for the rest."""


class Op:
    """One call of torch's API: autograd nodes numbered `start` to before `stop` were made in it.

    `call`: the place of the module call it ran in, -1 outside; `after`: how many calls began before
    it. `grad`: autograd recorded it. `hidden`: it ran in a custom Function, `transformed`: under
    `torch.func`; neither is seen as an operation of its own.
    """

    __slots__ = (
        "after",
        "arguments",
        "call",
        "dtypes",
        "grad",
        "hidden",
        "input_shapes",
        "inputs",
        "name",
        "shapes",
        "source",
        "start",
        "stop",
        "transformed",
    )

    def __init__(self, name: str, start: int, inputs: tuple[Origin, ...]) -> None:
        self.name, self.start, self.stop, self.inputs = name, start, start, inputs
        self.call, self.after = -1, 0
        self.source = ""
        self.grad = self.hidden = self.transformed = False
        self.input_shapes: tuple[Shape, ...] = ()
        self.shapes: tuple[Shape, ...] = ()
        self.dtypes: tuple[str, ...] = ()
        self.arguments: tuple[tuple[str, str], ...] = ()


class Loose:
    """A tensor from elsewhere; `given`: to the user's code outside of modules."""

    __slots__ = ("dtype", "given", "shape")

    def __init__(self, shape: Shape, dtype: str, *, given: bool) -> None:
        self.shape, self.dtype, self.given = shape, dtype, given


Saw = Callable[[int, Op, Sequence[Tensor], Sequence[Tensor]], None]
"""Takes the place of an operation, itself, its input tensors and those it made."""


class Operations:
    """The operations of a step so far, and the mode that hears them while it is on the stack."""

    def __init__(self, calls: ModuleCalls | None, names: Callable[[], Mapping[int, str]]) -> None:
        self.rows: list[Op] = []
        self.loose: list[Loose] = []
        self.paused = False
        self.saw: Saw | None = None
        self._calls = calls
        self._find_names = names
        self._names: Mapping[int, str] | None = None
        self._lines = Lines()
        self._made: dict[int, tuple[weakref.ref[Tensor], Origin]] = {}
        self._thread = 0

    def clear(self) -> None:
        """Forget the operations of a step that is over."""
        self.rows, self.loose, self._names = [], [], None
        self._made.clear()
        self._thread = 0

    def hears(self) -> bool:
        """Tell whether an operation on this thread is one of the step's."""
        if self.paused or len(self.rows) >= MOST:
            return False
        self._thread = self._thread or get_ident()
        return self._thread == get_ident()

    def begins(self, name: str, tensors: Sequence[Tensor]) -> Op:
        """Note what an operation reads, before it runs."""
        op = Op(name, sequence_number(), tuple([self._origin(tensor) for tensor in tensors]))
        op.input_shapes = tuple(shape_of(tensor) for tensor in tensors)
        return op

    def ended(self, op: Op, tensors: Sequence[Tensor], made: Sequence[Tensor]) -> None:
        """Note what it made; `tensors` are those it read."""
        may_hide = not torch.is_grad_enabled()
        line = self._lines.find(sys._getframe(2), may_hide=may_hide)
        if line is None:
            return
        op.source, op.hidden, op.stop = line.text, line.hidden, sequence_number()
        op.transformed = is_transforming()
        # Asking a view for its grad_fn may make a node: whether it has one tells the counter.
        op.grad = op.stop > op.start and any(tensor.requires_grad for tensor in made)
        op.shapes = tuple(shape_of(tensor) for tensor in made)
        op.dtypes = tuple(dtype_name(tensor.dtype) for tensor in made)
        if self._calls is not None:
            op.call, op.after = self._calls.innermost, len(self._calls.rows)
        place = len(self.rows)
        self.rows.append(op)
        for output, tensor in enumerate(made):
            self._made[id(tensor)] = (weakref.ref(tensor), ("op", place, output))
        if self.saw is not None:
            self.saw(place, op, tensors, made)

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return the operation that made a tensor, None if none did."""
        found = self._made.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def _origin(self, tensor: Tensor) -> Origin:
        found = self.origin(tensor)
        if found is not None and found[0] != "loose":
            return found
        if self._calls is not None and (maker := self._calls.maker(tensor)) is not None:
            return ("call", maker, 0) if maker >= 0 else ("input", -1 - maker, 0)
        if self._names is None:
            self._names = self._find_names()
        name = self._names.get(id(tensor))
        if name is not None:
            return "id", name, 0
        if tensor.requires_grad and not tensor.is_leaf:
            node: Any = tensor.grad_fn
            return "number", node._sequence_nr(), 0
        return found or self._from_elsewhere(tensor)

    def _from_elsewhere(self, tensor: Tensor) -> Origin:
        origin: Origin = "loose", len(self.loose), 0
        inside = self._calls is not None and self._calls.innermost >= 0
        self.loose.append(Loose(shape_of(tensor), dtype_name(tensor.dtype), given=not inside))
        self._made[id(tensor)] = (weakref.ref(tensor), origin)
        return origin


def is_transforming() -> bool:
    """Tell whether a transform of `torch.func` runs: its tensors are wrappers of others."""
    functorch = getattr(torch._C, "_functorch", None)
    peek = getattr(functorch, "peek_interpreter_stack", None)
    return peek is not None and peek() is not None
