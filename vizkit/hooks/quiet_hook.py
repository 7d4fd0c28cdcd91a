"""Hooks on modules that torch.compile does not see and that no copy of the module keeps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch


class QuietHook:
    """Calls `act` in eager execution only.

    While torch.compile traces, it is a constant nothing: no graph break, no recompilation. A deep
    copy or a pickle of the module holds a function of the standard library that does nothing in
    its place, so that a saved model loads where vizkit is not installed.
    """

    def __init__(self, act: Callable[..., None]) -> None:
        self._act = act

    def __call__(self, *args: Any) -> None:
        """Pass on what torch passes: module, inputs, perhaps keywords and output."""
        if not torch.compiler.is_compiling():
            self._act(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (nullcontext(), "__exit__")
