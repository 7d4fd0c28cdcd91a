"""Modules whose calls Python sees: torch.compile and TorchScript run theirs by themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import torch
from torch import nn

from vizkit.hooks.subject import clean_name, unwrapped


def eager_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield (path, module) of all modules whose calls Python sees, each module once.

    Of a compiled one only the wrapper: a hook on what is compiled would be compiled with it. Of an
    encoder layer that evaluates nothing: a hook inside would switch off its fused kernel.
    """
    seen: set[int] = set()
    waiting = [("", model)]
    while waiting:
        path, module = waiting.pop()
        inner = unwrapped(module)
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        if isinstance(inner, torch.jit.ScriptModule) or is_fused(inner):  # takes no hooks
            continue
        wrapped = hasattr(module, "_orig_mod")
        compiled = is_compiled_in_place(module) or is_compiled_in_place(inner)
        if not compiled:
            yield clean_name(path), module if wrapped else inner
        if not compiled and not wrapped:
            prefix = f"{path}." if path else ""
            children = inner.named_children()
            waiting += [(prefix + name, child) for name, child in reversed(list(children))]


def is_compiled_in_place(module: nn.Module) -> bool:
    """Tell whether `module.compile()` was called."""
    return getattr(module, "_compiled_call_impl", None) is not None


def is_fused(module: nn.Module) -> bool:
    """Tell whether the module may run as one kernel, which hooks in it would switch off."""
    return isinstance(module, nn.TransformerEncoderLayer) and not module.training


def anything_compiled() -> bool:
    """Tell whether torch.compile compiled anything in this process."""
    utils = sys.modules.get("torch._dynamo.utils")
    counters = getattr(utils, "counters", None)
    return bool(counters and counters.get("frames"))


def anything_to_compile() -> bool:
    """Tell whether torch.compile was ever called in this process, even if nothing ran yet."""
    frames = sys.modules.get("torch._dynamo.eval_frame")
    backends = getattr(frames, "cached_backends", None) or {}
    # torch.compiler.disable, which optimizers use, leaves a None.
    return anything_compiled() or any(backend for backend in backends.values())


def roots_of(model: nn.Module) -> list[nn.Module]:
    """Return what the training calls: the model, or the parts of a mere container."""
    inner = unwrapped(model)
    if isinstance(inner, torch.jit.ScriptModule):  # takes no hooks
        return []
    if type(inner).forward is not nn.Module.forward:
        return [inner]
    return [root for child in inner.children() for root in roots_of(child)]
