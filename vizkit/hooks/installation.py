"""Every hook that watching puts somewhere, and takes away again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils.hooks import RemovableHandle

from vizkit.errors import warn_once
from vizkit.hooks import patches
from vizkit.hooks.collector import Collector
from vizkit.hooks.guard import Guard
from vizkit.hooks.listener import Listener
from vizkit.hooks.losses import number
from vizkit.hooks.quiet_hook import QuietHook
from vizkit.hooks.shapes import ForwardWatcher, tensors_in


class Installation:
    """Hooks on optimizers, model and criterion, and the patches of torch."""

    def __init__(self, listener: Listener, collector: Collector, guard: Guard) -> None:
        self._listener = listener
        self._collector = collector
        self._guard = guard
        # Without `disable`, torch.compile(optimizer.step) breaks its graph at each hook.
        before = torch.compiler.disable(listener.before_step)
        after = torch.compiler.disable(listener.after_step)
        self._handles: list[RemovableHandle] = [
            register_optimizer_step_pre_hook(before),
            register_optimizer_step_post_hook(after),
        ]
        self.forward: ForwardWatcher | None = None
        patches.listen(listener)

    def watch_forward(self, model: nn.Module, forward: ForwardWatcher) -> None:
        """Listen to the model's forward passes; `forward` removes its own hooks."""
        self.forward = forward
        hook = QuietHook(self._on_forward)
        self._handles.append(model.register_forward_pre_hook(hook, with_kwargs=True))

    def watch_criterion(self, criterion: Any) -> None:
        """Take the loss from a criterion's outputs; a function tells nothing and is left out."""
        if not isinstance(criterion, nn.Module):
            warn_once(
                "watch criterion",
                f"A criterion that is no nn.Module cannot be heard ({criterion!r:.80}); "
                "the loss is taken from backward().",
                stacklevel=4,
            )
            return
        self._handles.append(criterion.register_forward_hook(QuietHook(self._on_criterion)))

    def remove(self) -> None:
        """Take all away; twice is fine."""
        patches.unlisten(self._listener)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if self.forward is not None:
            self.forward.remove()

    def _on_forward(self, module: nn.Module, inputs: Any, keywords: Any) -> None:
        self._guard.timed("samples", self._collector.samples.saw, (inputs, keywords))

    def _on_criterion(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if torch.is_grad_enabled():
            self._guard.timed("loss", self._hear, inputs, output)

    def _hear(self, inputs: Any, output: Any) -> None:
        self._collector.samples.saw(inputs)
        loss: Tensor | None = next(tensors_in(output), None)
        if loss is not None:
            self._collector.losses.add_output(number(loss.detach().mean()))
