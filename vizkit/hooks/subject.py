"""What is watched: a module or raw tensors, held so that watching keeps no module alive."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

from torch import Tensor, nn

from vizkit.errors import UsageError

WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and checkpointing put into a parameter's name."""

Named = list[tuple[str, Tensor]]


class ModuleSubject:
    """A module: its parameters are asked for again where they may have been replaced."""

    is_module = True

    def __init__(self, model: nn.Module) -> None:
        self._model = weakref.ref(model)
        # A wrapper that was made only for this call dies at once; its parameters live on.
        self._first = [(name, weakref.ref(p)) for name, p in _named_parameters(model)]
        self.title = type(unwrapped(model)).__name__

    def model(self) -> nn.Module | None:
        """Return the module while somebody else holds it."""
        return self._model()

    def parameters(self) -> Named:
        """Return (name, parameter) in the module's order, aliases too."""
        model = self._model()
        if model is not None:
            return _named_parameters(model)
        return [(name, p) for name, found in self._first if (p := found()) is not None]

    def buffers(self) -> Named:
        """Return (name, buffer) in the module's order."""
        model = self._model()
        if model is None:
            return []
        return [(clean_name(name), each) for name, each in unwrapped(model).named_buffers()]


class TensorSubject:
    """Raw tensors with names; somebody has to hold them, so this does."""

    is_module = False

    def __init__(self, tensors: Named) -> None:
        self._tensors = tensors
        self.title = "tensors"

    def model(self) -> None:
        """Return None: there is no module."""
        return

    def parameters(self) -> Named:
        """Return (name, tensor) as given."""
        return self._tensors

    def buffers(self) -> Named:
        """Return nothing: only modules have buffers."""
        return []


Subject = ModuleSubject | TensorSubject


def subject_of(watched: Any) -> Subject:
    """Return what `vizkit.watch` was called on.

    Raises:
        UsageError: if it is neither a module nor tensors.
    """
    if isinstance(watched, nn.Module):
        return ModuleSubject(watched)
    if isinstance(watched, Tensor):
        watched = [watched]
    if isinstance(watched, Mapping):
        named = [(str(name), value) for name, value in watched.items()]
    else:
        tensors = list(watched) if isinstance(watched, (list, tuple, Iterator)) else [watched]
        named = _with_variable_names(tensors)
    if not named or not all(isinstance(value, Tensor) for _, value in named):
        hint = "watch several modules as nn.ModuleDict({'name': module, ...})"
        raise UsageError(f"vizkit.watch takes a module or tensors, not {watched!r:.200}; {hint}.")
    return TensorSubject(named)


def _named_parameters(model: nn.Module) -> Named:
    found = unwrapped(model).named_parameters(remove_duplicate=False)
    return [(clean_name(name), parameter) for name, parameter in found]


def clean_name(name: str) -> str:
    """Return a parameter's or module's name without what wrappers put into it."""
    for wrapper in WRAPPERS:
        name = name.replace(wrapper, "").removesuffix(wrapper[:-1])
    return name.removesuffix(".")


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the module inside torch.compile's and data parallel wrappers."""
    inner = unwrapped_once(model)
    return model if inner is model else unwrapped(inner)


def unwrapped_once(model: nn.Module) -> nn.Module:
    """Return the module inside the outermost wrapper; the model itself where there is none."""
    inner = getattr(model, "_orig_mod", None) or _inside_parallel(model)
    return inner if isinstance(inner, nn.Module) else model


def _inside_parallel(model: nn.Module) -> nn.Module | None:
    names = ("DistributedDataParallel", "DataParallel")
    return model.module if type(model).__name__ in names else None  # type: ignore[return-value]


def _with_variable_names(tensors: list[Any]) -> Named:
    """Name tensors as the caller's variables are, else by their place: 0, 1, ..."""
    frame = _callers_frame()
    variables = {} if frame is None else {id(value): n for n, value in frame.f_locals.items()}
    return [(variables.get(id(tensor), str(i)), tensor) for i, tensor in enumerate(tensors)]


def _callers_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "vizkit":
        frame = frame.f_back
    return frame
