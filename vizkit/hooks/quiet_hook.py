"""Hooks on modules that no compiler or tracer sees and that no copy of the module keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import get_ident
from typing import Any

import torch

_silent: set[int] = set()
"""Threads on which a forward pass runs that is not the training's."""


class QuietHook:
    """Calls `act` in eager execution only, and not where `silence` reigns.

    While torch.compile traces, it is a constant nothing: no graph break, no recompilation. A deep
    copy or a pickle of the module holds a function of the standard library that does nothing in
    its place, so that a saved model loads where vizkit is not installed.
    """

    def __init__(self, act: Callable[..., None]) -> None:
        self._act = act

    def __call__(self, *args: Any) -> None:
        """Pass on what torch passes: module, inputs, perhaps keywords and output."""
        if torch.compiler.is_compiling() or (_silent and get_ident() in _silent):
            return
        # jit.trace would name what it records after our variables, and find its copies different.
        if not torch._C._get_tracing_state():
            self._act(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")


@contextmanager
def silence() -> Iterator[None]:
    """Let no hook of ours hear what this thread calls inside."""
    thread = get_ident()
    if thread in _silent:
        yield
        return
    _silent.add(thread)
    try:
        yield
    finally:
        _silent.discard(thread)


def is_silent() -> bool:
    """Tell whether this thread runs what is not the training's."""
    return bool(_silent) and get_ident() in _silent
