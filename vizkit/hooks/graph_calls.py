"""Module calls of a step: between which autograd nodes each ran, and where its inputs came from."""

from __future__ import annotations

import sys
import weakref
from threading import get_ident
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from vizkit.hooks.eager_modules import anything_compiled, eager_modules
from vizkit.hooks.graph_trace import dtype_name
from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.guard import Guard
from vizkit.hooks.module_hooks import ModuleHooks
from vizkit.hooks.shapes import shape_of, tensors_in
from vizkit.kinds.graph.graph import Shape

_APPLY = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined]

MOST = 50_000
"""Calls of one step that are kept; beyond it the step has no calls at all."""


class Call:
    """One call: nodes numbered `start` to before `stop` ran in it; `parent` is a place, or -1.

    `sources`: the calls whose outputs it got, -1 - k for the k-th input of the model. `results`:
    (sequence number or -1, output, shape, dtype) of its outputs. Without `detail`, none of these.
    """

    __slots__ = (
        "grad",
        "hidden",
        "input_shapes",
        "parent",
        "path",
        "results",
        "same",
        "sources",
        "start",
        "stop",
        "versions",
    )

    def __init__(self, path: str, start: int, parent: int, *, grad: bool) -> None:
        self.path, self.start, self.stop, self.parent, self.grad = path, start, -1, parent, grad
        self.hidden = False
        """Whether it ran inside a custom Function, where autograd does not look."""
        self.sources: tuple[int, ...] = ()
        self.input_shapes: tuple[Shape, ...] = ()
        self.results: tuple[tuple[int, int, Shape, str], ...] = ()
        self.versions: dict[int, int] = {}
        self.same = False
        """Whether it returned its input itself."""


class ModuleCalls:
    """Hooks on the modules that run eagerly, while armed; listens on the thread that trains."""

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self.rows: list[Call] = []
        self.inputs: list[tuple[Shape, str]] = []
        self.armed = False
        self.paused = False
        self.detail = True
        self.on_other_threads = False
        self._model = weakref.ref(model)
        self._guard = guard
        self._hooks = ModuleHooks(self._before, self._after)
        self._fired: set[str] = set()
        self._stack: list[int] = []
        self._thread = 0
        self._made: dict[int, tuple[weakref.ref[Tensor], int]] = {}

    def arm(self) -> None:
        """Listen to the calls from now on, if that makes nothing compile again."""
        model = self._model()
        if model is None:
            return
        self.armed = True
        if not (self._fired and anything_compiled()):
            self._hooks.put_on(eager_modules(model))

    def disarm(self) -> None:
        """Listen no more; hooks stay where taking them off could make something compile again."""
        self.armed = False
        self.clear()
        self._hooks.take_off()

    def remove(self) -> None:
        """Take all hooks off."""
        self.armed = False
        self.clear()
        self._hooks.remove()

    def clear(self) -> None:
        """Forget the calls of a step that is over."""
        self.rows, self.inputs = [], []
        self._stack.clear()
        self._made.clear()
        self._thread = 0
        self.on_other_threads = False

    @property
    def innermost(self) -> int:
        """Return the place of the call that runs now, -1 outside."""
        return self._stack[-1] if self._stack else -1

    def modules(self) -> int:
        """Return how many modules were ever called."""
        return len(self._fired)

    def _before(self, path: str, arguments: Any) -> None:
        if self.armed and not self.paused:
            self._guard.timed("graph calls", self._enter, path, *arguments)

    def _after(self, path: str, output: Any) -> None:
        if self.armed and not self.paused:
            self._guard.timed("graph calls", self._leave, path, output)

    def _enter(self, path: str, inputs: Any, keywords: Any) -> None:
        self._fired.add(path)
        grad = torch.is_grad_enabled()
        if not self._is_heard(grad):
            return
        parent = self._stack[-1] if self._stack else -1
        call = Call(path, sequence_number(), parent, grad=grad)
        call.hidden = not grad and _is_inside_function()
        if self.detail:
            self._note_inputs(call, (inputs, keywords))
        self._stack.append(len(self.rows))
        self.rows.append(call)

    def _leave(self, path: str, output: Any) -> None:
        if get_ident() != self._thread:
            return
        while self._stack:
            place = self._stack.pop()
            call = self.rows[place]
            call.stop = sequence_number()
            if call.path == path:
                if self.detail:
                    self._note_outputs(call, place, output)
                return

    def _is_heard(self, grad: bool) -> bool:
        """Tell whether a call belongs to a forward pass of the training."""
        if not self._stack and not grad:
            return False
        if not self._thread:
            self._thread = get_ident()
        if get_ident() != self._thread:
            self.on_other_threads = True
            return False
        return len(self.rows) < MOST

    def _note_inputs(self, call: Call, inputs: Any) -> None:
        tensors = list(tensors_in(inputs))
        call.input_shapes = tuple(shape_of(tensor) for tensor in tensors)
        call.versions = {id(tensor): tensor_version(tensor) for tensor in tensors}
        if call.parent < 0:
            for tensor in tensors:
                self._note_model_input(tensor)
        makers = [made for tensor in tensors if (made := self.maker(tensor)) is not None]
        call.sources = tuple(dict.fromkeys(makers))

    def _note_model_input(self, tensor: Tensor) -> None:
        if tensor.grad_fn is None and self.maker(tensor) is None:
            self.inputs.append((shape_of(tensor), dtype_name(tensor.dtype)))
            self._made[id(tensor)] = (weakref.ref(tensor), -len(self.inputs))

    def _note_outputs(self, call: Call, place: int, output: Any) -> None:
        results = []
        for tensor in tensors_in(output):
            node = tensor.grad_fn
            number = -1 if node is None else _number(node)
            shape, dtype = shape_of(tensor), dtype_name(tensor.dtype)
            results.append((number, tensor.output_nr, shape, dtype))
            if call.versions.get(id(tensor)) == tensor_version(tensor):
                call.same = True  # Identity, or Dropout that drops nothing
            elif self.maker(tensor) is None or id(tensor) in call.versions:
                self._made[id(tensor)] = (weakref.ref(tensor), place)
        call.results = tuple(results)

    def maker(self, tensor: Tensor) -> int | None:
        """Return the call that made a tensor, -1 - k for the k-th input, None if unknown."""
        found = self._made.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None


def _number(node: Any) -> int:
    number: int = node._sequence_nr()
    return number if number < 1 << 62 else -1


def _is_inside_function() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is _APPLY:
            return True
        frame = frame.f_back
    return False


def tensor_version(tensor: Tensor) -> int:
    """Return how often a tensor was written to, -1 where nobody counts."""
    # Tensors of the inference mode have none, and are never written to.
    return -1 if tensor.is_inference() else tensor._version
