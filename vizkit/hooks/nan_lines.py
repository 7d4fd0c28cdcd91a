"""Guesses the line of an operation outside the model: the only one between two calls to name it."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from vizkit.hooks.source_lines import told

_SYMBOLS = {"div": ("/", "/="), "mul": ("*", "*="), "pow": ("**", "**="), "sub": ("-", "-=")}
_MORE_NAMES = {"div": ("div", "divide", "true_divide")}
_DEEPEST = 2


def users_frame() -> FrameType | None:
    """Return the innermost frame of the program that is running now."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not told(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def line_of(op: str, frame: FrameType, called_from: str) -> str:
    """Return "file:line" where `op` runs in a frame, "" unless exactly one place is found.

    called_from: the line of the model's call; looked at are those from there to where the frame is
    now, and the functions that they call.
    """
    file, _, line = called_from.rpartition(":")
    if file != told(frame.f_code.co_filename) or not line.isdecimal():
        return ""
    names = {**frame.f_builtins, **frame.f_globals, **frame.f_locals}
    found = set(_lines(op, frame.f_code, names, range(int(line), frame.f_lineno + 1), _DEEPEST))
    return found.pop() if len(found) == 1 else ""


def _lines(
    op: str, code: CodeType, names: dict[str, Any], lines: range | None, depth: int
) -> Iterator[str]:
    number = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        number = _line_number(instruction) or number
        if lines is not None and number not in lines:
            continue
        if _is_it(op, instruction):
            yield f"{told(code.co_filename)}:{number}"
        elif depth and isinstance(instruction.argval, str):
            called = _function(names.get(instruction.argval))
            if called is not None and told(called.__code__.co_filename):
                yield from _lines(op, called.__code__, called.__globals__, None, depth - 1)


def _is_it(op: str, instruction: dis.Instruction) -> bool:
    if instruction.opname.startswith("BINARY_"):
        return instruction.argrepr in _SYMBOLS.get(op, ())
    is_named = instruction.opname.startswith("LOAD_") and "CONST" not in instruction.opname
    return is_named and instruction.argval in _MORE_NAMES.get(op, (op, f"{op}_"))


def _line_number(instruction: Any) -> int | None:
    number: int | None = getattr(instruction, "line_number", None)
    if number is not None:
        return number
    start = instruction.starts_line
    return start if type(start) is int else None


def _function(value: Any) -> FunctionType | None:
    if isinstance(value, MethodType):
        value = value.__func__
    if not isinstance(value, (FunctionType, type)) and hasattr(value, "forward"):
        value = getattr(value.forward, "__func__", None)
    return value if isinstance(value, FunctionType) else None
