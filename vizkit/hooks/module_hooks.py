"""Hooks around the calls of modules, put on and taken off so that nothing compiles again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle

from vizkit.hooks.eager_modules import anything_compiled
from vizkit.hooks.quiet_hook import QuietHook

Before = Callable[[str, Any], None]
"""Takes a module's path and (inputs, keywords)."""

After = Callable[[str, Any], None]
"""Takes a module's path and its output, None where it raised."""


class ModuleHooks:
    """Calls `before` and `after` around each call of the modules that hooks were put on."""

    def __init__(self, before: Before, after: After) -> None:
        self._before = before
        self._after = after
        self._handles: dict[str, list[RemovableHandle]] = {}

    def __len__(self) -> int:
        """Return how many modules have hooks."""
        return len(self._handles)

    def put_on(self, modules: Iterable[tuple[str, nn.Module]]) -> None:
        """Put hooks on those modules that have none."""
        for path, module in modules:
            if path not in self._handles:
                self._handles[path] = self._hook(path, module)

    def take_off(self) -> None:
        """Take hooks off, unless that could make something compile again."""
        if not anything_compiled():
            self.remove()

    def remove(self) -> None:
        """Take hooks off in any case."""
        while self._handles:
            for handle in self._handles.popitem()[1]:
                handle.remove()

    def _hook(self, path: str, module: nn.Module) -> list[RemovableHandle]:
        def before(module: nn.Module, inputs: Any, keywords: Any) -> None:
            self._before(path, (inputs, keywords))

        def after(module: nn.Module, inputs: Any, keywords: Any, output: Any) -> None:
            self._after(path, output)

        return [
            module.register_forward_pre_hook(QuietHook(before), with_kwargs=True),
            module.register_forward_hook(QuietHook(after), with_kwargs=True, always_call=True),
        ]
