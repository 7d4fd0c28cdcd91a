"""What one forward pass shows of each module: shapes, order, and which output went where."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import MemberDescriptorType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from vizkit.hooks.eager_modules import anything_compiled, is_fused
from vizkit.hooks.guard import Guard
from vizkit.hooks.quiet_hook import QuietHook
from vizkit.hooks.subject import clean_name, unwrapped

Shape = tuple[int, ...]
COMPILED = "compiled: shapes not seen"
FARTHEST = 200
"""Autograd nodes to look back through for the module that an input came from."""


@dataclass(frozen=True)
class Call:
    """The first call of a module; `order` counts calls of all modules from 0."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    order: int


@dataclass
class ForwardPass:
    """What was seen, by the path of the module; edges are (source, target) between leaves."""

    calls: dict[str, Call] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class ForwardWatcher:
    """Hooks on all modules until the root's first forward pass with gradients is over.

    `done` gets what was seen, once: then, or at `finish` where the root itself is never called.
    """

    def __init__(self, model: nn.Module, guard: Guard, done: Callable[[ForwardPass], None]) -> None:
        self._seen = ForwardPass()
        self._guard = guard
        self._done = done
        self.is_done = False
        self._hooks: dict[str, list[RemovableHandle]] = {}
        self._started: dict[str, int] = {}
        self._outputs = _Origins()
        root = unwrapped(model)
        if is_compiled(model):
            self._seen.notes.append(COMPILED)
            return
        fused = {id(part) for each in root.modules() if is_fused(each) for part in each.modules()}
        for path, module in root.named_modules():
            if isinstance(module, torch.jit.ScriptModule) or id(module) in fused:
                continue  # takes no hooks
            self._hook(clean_name(path), module, is_root=module is root)

    def remove(self) -> None:
        """Take the hooks off the modules."""
        self._take_off(list(self._hooks))

    def finish(self) -> None:
        """Tell what was seen, once, and take the hooks off.

        Once anything was compiled, those of modules that were not called stay: they are perhaps
        inside compiled code, which would be compiled again.
        """
        compiled = anything_compiled()
        self._take_off([p for p in self._hooks if not compiled or p in self._seen.calls])
        if not self.is_done:
            self.is_done = True
            if not self._seen.calls and COMPILED not in self._seen.notes:
                self._seen.notes.append(COMPILED)
            self._done(self._seen)

    def _take_off(self, paths: list[str]) -> None:
        for path in paths:
            for hook in self._hooks.pop(path):
                hook.remove()
        self._outputs.clear()

    def _hook(self, path: str, module: nn.Module, *, is_root: bool) -> None:
        is_leaf = not any(True for _ in module.children())

        def before(module: nn.Module, inputs: Any, keywords: Any) -> None:
            if torch.is_grad_enabled() and not self.is_done:
                self._guard.timed("graph", self._enter, path, (inputs, keywords), is_leaf)

        def after(module: nn.Module, inputs: Any, keywords: Any, output: Any) -> None:
            if torch.is_grad_enabled() and not self.is_done:
                self._guard.timed("graph", self._leave, path, (inputs, keywords), output, is_leaf)
                if is_root:
                    self._guard.timed("graph", self.finish)

        self._hooks[path] = [
            module.register_forward_pre_hook(QuietHook(before), with_kwargs=True),
            module.register_forward_hook(QuietHook(after), with_kwargs=True),
        ]

    def _enter(self, path: str, inputs: Any, is_leaf: bool) -> None:
        self._started.setdefault(path, len(self._started))
        if is_leaf:
            self._link(path, inputs)

    def _leave(self, path: str, inputs: Any, output: Any, is_leaf: bool) -> None:
        self._note(path, inputs, output)
        if is_leaf:
            self._outputs.add(path, output)

    def _link(self, path: str, inputs: Any) -> None:
        for tensor in tensors_in(inputs):
            for source in self._outputs.of(tensor):
                if (source, path) not in self._seen.edges:
                    self._seen.edges.append((source, path))

    def _note(self, path: str, inputs: Any, output: Any) -> None:
        if path not in self._seen.calls:
            shapes_in, shapes_out = _shapes(inputs), _shapes(output)
            self._seen.calls[path] = Call(shapes_in, shapes_out, self._started.get(path, -1))


class _Origins:
    """Which module made a tensor, told by its autograd node; the nodes between are functions."""

    def __init__(self) -> None:
        self._by_node: dict[Any, str] = {}
        self._by_tensor: dict[int, tuple[weakref.ref[Tensor], str]] = {}

    def add(self, path: str, output: Any) -> None:
        for tensor in tensors_in(output):
            self._by_tensor[id(tensor)] = (weakref.ref(tensor), path)
            if tensor.grad_fn is not None:
                self._by_node[tensor.grad_fn] = path

    def of(self, tensor: Tensor) -> list[str]:
        """Return the modules whose outputs `tensor` was made of, nearest first."""
        found = self._by_tensor.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return [found[1]]
        return self._look_back(tensor.grad_fn)

    def clear(self) -> None:
        self._by_node.clear()
        self._by_tensor.clear()

    def _look_back(self, start: Any) -> list[str]:
        found: dict[str, None] = {}
        queue = deque([start])
        visited = {None}
        while queue and len(visited) < FARTHEST:
            node = queue.popleft()
            if node in visited:
                continue
            visited.add(node)
            if node in self._by_node:
                found[self._by_node[node]] = None
            else:
                queue.extend(before for before, _ in node.next_functions)
        return list(found)


def is_compiled(model: nn.Module) -> bool:
    """Tell whether torch.compile was applied to the model, or to a part of it."""
    return any(
        hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None) is not None
        for module in model.modules()
    )


def tensors_in(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in arguments or results however nested."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from tensors_in(value)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from tensors_in(value)
    elif is_dataclass(values) and not isinstance(values, type):
        # What is stored, not what a property of the same name would work out.
        held = getattr(values, "__dict__", None) or _slots_of(values)
        names = (field.name for field in fields(values))
        yield from tensors_in([held[name] for name in names if name in held])


def _slots_of(value: Any) -> dict[str, Any]:
    kinds = type(value).__mro__
    slots = [
        (name, vars(kind).get(name)) for kind in kinds for name in vars(kind).get("__slots__", ())
    ]
    return {
        name: slot.__get__(value)
        for name, slot in slots
        if isinstance(slot, MemberDescriptorType) and hasattr(value, name)
    }


def shape_of(tensor: Tensor) -> Shape:
    """Return a tensor's shape, -1 for a dimension that differs within a nested tensor."""
    return tuple([size if type(size) is int else -1 for size in tensor.shape])


def _shapes(values: Any) -> tuple[Shape, ...]:
    return tuple(shape_of(tensor) for tensor in tensors_in(values))
