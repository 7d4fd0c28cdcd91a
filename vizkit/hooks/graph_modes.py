"""Entering and leaving a function mode wherever the user's own modes come and go meanwhile."""

from __future__ import annotations

from torch.overrides import (
    TorchFunctionMode,
    _get_current_function_mode_stack,
    _pop_mode,
    _push_mode,
)

Stack = list[TorchFunctionMode]


def enter(mode: TorchFunctionMode) -> Stack:
    """Put a mode on top of this thread's, and return those that were there before."""
    before: Stack = _get_current_function_mode_stack()
    _push_mode(mode)
    return before


def leave(mode: TorchFunctionMode, before: Stack) -> None:
    """Take a mode off wherever it is by now; the user's stay in their order.

    Leaving a mode takes the topmost off, whichever it is: a hook of the user's may have taken ours
    in place of its own, which is then still there and goes now.
    """
    now = _get_current_function_mode_stack()
    if not any(each is mode for each in now):
        if now and len(now) == len(before) and all(map(_is, now, before)):
            _pop_mode()
        return
    above: Stack = []
    while (top := _pop_mode()) is not mode:
        above.append(top)
    for each in reversed(above):
        _push_mode(each)


def _is(one: object, other: object) -> bool:
    return one is other
