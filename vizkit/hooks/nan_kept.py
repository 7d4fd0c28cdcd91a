"""What is kept of a step's forward passes, by reference, so that one can be run again."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import dataclass, field
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_moment import Moment
from vizkit.hooks.nan_values import tensors_of
from vizkit.hooks.quiet_hook import QuietHook
from vizkit.hooks.source_lines import caller

MOST_CALLS = 8
"""Forward passes of one step that are kept, the last ones."""

MOST_GRADIENT_BYTES = 64 << 20
MOST_BUFFER_BYTES = 1 << 16


@dataclass(eq=False)
class ForwardPass:
    """One call of the model. `stop`: the number of the first autograd node after it.

    versions: of the tensors among the arguments. buffers: copies, by name, of those that a forward
    pass may change and depend on. called_from: the line of the program. gradients: of the outputs,
    by place, as the backward pass brings them.
    """

    args: Any
    kwargs: Any
    moment: Moment
    versions: list[int]
    buffers: dict[str, Tensor]
    called_from: str = ""
    stop: int = 0
    gradients: dict[int, Tensor] = field(default_factory=dict)

    @property
    def is_intact(self) -> bool:
        """Tell whether nobody has written to the arguments since."""
        return self.versions == _versions(self.args, self.kwargs)


class Kept:
    """Hooks on the model that keep what a re-run needs until the step ends."""

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self.passes: deque[ForwardPass] = deque(maxlen=MOST_CALLS)
        self._guard = guard
        self._model = weakref.ref(model)
        self._thread = 0
        self._running: ForwardPass | None = None
        self._buffers: _Buffers | None = _Buffers(model)
        self._handles: list[RemovableHandle] = [
            model.register_forward_pre_hook(
                QuietHook(self._before), with_kwargs=True, prepend=True
            ),
            model.register_forward_hook(QuietHook(self._after), with_kwargs=True),
        ]

    @property
    def model(self) -> nn.Module | None:
        """Return the model while somebody else holds it."""
        return self._model()

    def remove(self) -> None:
        """Take the hooks off and let all go."""
        for handle in self._handles:
            handle.remove()
        self._buffers = None
        self.clear()

    def clear(self) -> None:
        """Let go of what a step needed."""
        self.passes.clear()
        self._running = None

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        # Replicas of a model on other threads or devices are none that could be called again.
        if torch.is_grad_enabled() and module is self._model():
            self._guard.timed("nan origin", self._begin, args, kwargs)

    def _after(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if self._running is not None and module is self._model():
            self._guard.timed("nan origin", self._end, output)

    def _begin(self, args: Any, kwargs: Any) -> None:
        self._thread = self._thread or get_ident()
        if get_ident() == self._thread:
            versions = _versions(args, kwargs)
            buffers = self._buffers.copies() if self._buffers else {}
            now = Moment.now()
            self._running = ForwardPass(args, kwargs, now, versions, buffers, caller())

    def _end(self, output: Any) -> None:
        found, self._running = self._running, None
        if found is not None and get_ident() == self._thread:
            found.stop = sequence_number()
            self.passes.append(found)
            for place, (_, tensor) in enumerate(tensors_of(output)):
                if tensor.grad_fn is not None and tensor.nbytes <= MOST_GRADIENT_BYTES:
                    keep = _keeping(found.gradients, place, tensor.output_nr)
                    tensor.grad_fn.register_prehook(keep)


class _Buffers:
    """Copies the buffers that a forward pass may change and depend on, while those are small.

    Not those of batch norms: what they give in training does not depend on what they gathered.
    """

    def __init__(self, model: nn.Module) -> None:
        # Walking through a model's modules at each step would take longer than the copies.
        self._places = [
            (f"{path}.{key}" if path else key, module._buffers, key)
            for path, module in model.named_modules()
            if not isinstance(module, torch.nn.modules.batchnorm._NormBase)
            for key in module._buffers
        ]

    def copies(self) -> dict[str, Tensor]:
        """Return them by name."""
        found = ((name, holder.get(key)) for name, holder, key in self._places)
        return {
            name: each.detach().clone()
            for name, each in found
            if each is not None and each.nbytes <= MOST_BUFFER_BYTES
        }


def _keeping(gradients: dict[int, Tensor], place: int, output: int) -> Any:
    def keep(incoming: tuple[Tensor | None, ...]) -> None:
        gradient = incoming[output]
        if gradient is not None:
            gradients[place] = gradient

    return keep


def _versions(args: Any, kwargs: Any) -> list[int]:
    found: list[int] = []
    for each in (*args, *kwargs.values()):
        if isinstance(each, Tensor):
            found.append(_version(each))
        else:
            found += [_version(tensor) for _, tensor in tensors_of(each)]
    return found


def _version(tensor: Tensor) -> int:
    return -1 if tensor.is_inference() else tensor._version
