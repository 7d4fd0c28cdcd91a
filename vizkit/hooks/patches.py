"""What we replace in torch while anything is watched, and put back when nothing is any more."""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from vizkit.hooks import clipping, scaling


class Listener(Protocol):
    """Hears what the patched functions see, on the thread that called them.

    `thread`: the one that its training runs on, as far as it knows.
    """

    thread: int

    def backward_begins(self, roots: tuple[Tensor, ...]) -> None:
        """An outermost `torch.autograd.backward` is about to run on these tensors."""

    def backward_ended(self, roots: tuple[Tensor, ...]) -> None:
        """It ran through; `roots` are the tensors it was called on."""

    def backward_failed(self) -> None:
        """It raised."""

    def scaler_steps(self, scaler: Any, optimizer: Any) -> None:
        """A `GradScaler.step(optimizer)` is about to run."""

    def scaler_stepped(self, scaler: Any, optimizer: Any) -> None:
        """It ran through; the optimizer's own step may have been skipped."""


class Patch:
    """One attribute to replace; it is there, or it is left alone (older torch)."""

    def __init__(self, owner: object | None, name: str, wrap: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._wrap = wrap
        self._original: Any = None
        self._ours: Any = None

    def install(self) -> None:
        """Replace the attribute, unless ours is still under somebody else's replacement."""
        if self._ours is None and self._name in getattr(self._owner, "__dict__", ()):
            self._original = vars(self._owner)[self._name]
            self._ours = functools.wraps(self._original)(self._wrap(self._original))
            setattr(self._owner, self._name, self._ours)

    def restore(self) -> None:
        """Put the original back; if somebody replaced ours since, ours stays and does nothing."""
        if self._ours is not None and vars(self._owner)[self._name] is self._ours:
            setattr(self._owner, self._name, self._original)
            self._original = self._ours = None


_listeners: list[Listener] = []
_running: set[int] = set()
_lock = threading.Lock()


def listen(listener: Listener) -> None:
    """Tell `listener` from now on; the first one installs the patches."""
    with _lock:
        if not _listeners:
            for patch in _patches():
                patch.install()
        _listeners.append(listener)


def unlisten(listener: Listener) -> None:
    """Tell `listener` no more; the last one restores torch."""
    with _lock:
        if listener in _listeners:
            _listeners.remove(listener)
            if not _listeners:
                for patch in _patches():
                    patch.restore()
                clipping.forget()


def listeners() -> int:
    """Return how many listen."""
    return len(_listeners)


def is_anothers(listener: Listener) -> bool:
    """Tell whether this thread trains for other listeners only.

    Its backward passes are none of this one's, whose gradients its own thread may be freeing now.
    """
    here = threading.get_ident()
    return listener.thread != here and any(other.thread == here for other in _listeners)


def in_backward() -> bool:
    """Tell whether this code runs inside a backward pass: of this thread, or of autograd's own."""
    thread = threading.get_ident()
    if thread in _running:
        return True
    # On accelerators gradient hooks run on threads that C++ made and Python does not list.
    return bool(_running) and all(thread != known.ident for known in threading.enumerate())


def _backward(original: Callable[..., None]) -> Callable[..., None]:
    def backward(tensors: Any, *args: Any, **kwargs: Any) -> None:
        thread = threading.get_ident()
        if not _listeners or torch.compiler.is_compiling() or thread in _running:
            return original(tensors, *args, **kwargs)
        roots = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
        clipping.forget()
        _tell(lambda listener: listener.backward_begins(roots))
        _running.add(thread)
        try:
            original(roots, *args, **kwargs)
        except BaseException:
            _tell(lambda listener: listener.backward_failed())
            raise
        finally:
            _running.discard(thread)
        _tell(lambda listener: listener.backward_ended(roots))
        return None

    return backward


def _scaler_step(original: Callable[..., Any]) -> Callable[..., Any]:
    def step(self: Any, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        if not _listeners or not self.is_enabled():
            return original(self, optimizer, *args, **kwargs)
        _tell(lambda listener: listener.scaler_steps(self, optimizer))
        result = original(self, optimizer, *args, **kwargs)
        _tell(lambda listener: listener.scaler_stepped(self, optimizer))
        return result

    return step


def _tell(message: Callable[[Listener], None]) -> None:
    for listener in tuple(_listeners):
        message(listener)


def _module(*names: str) -> Any:
    """Return the first of the modules that this torch has, or None."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


@functools.cache
def _patches() -> tuple[Patch, ...]:
    # By its full name: torch.nn.utils may hide the module behind a function one day.
    clip = _module("torch.nn.utils.clip_grad")
    amp = _module("torch.amp.grad_scaler", "torch.cuda.amp.grad_scaler")
    scaler = getattr(amp, "GradScaler", None)
    return (
        Patch(torch.autograd, "backward", _backward),
        Patch(scaler, "scale", scaling.remembering),
        Patch(scaler, "step", _scaler_step),
        Patch(clip, "_get_total_norm", clipping.keeping_norms),
        Patch(clip, "_clip_grads_with_norm_", clipping.keeping_factor),
    )
