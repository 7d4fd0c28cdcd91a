"""Which line of the user's program an operation was called from."""

from __future__ import annotations

import functools
import os
import sys
from types import CodeType, FrameType

import torch

_OURS = (os.path.dirname(torch.__file__) + os.sep, os.path.dirname(__file__) + os.sep)


def caller(frame: FrameType | None = None, within: CodeType | None = None) -> str:
    """Return "file:line" of the innermost frame outside torch and these hooks, "" if none is.

    Looks from `frame`, else from the caller's own, and no further out than `within`. The file is
    told relative to the working directory where it lies below that.
    """
    frame = frame or sys._getframe(1)
    while frame is not None and frame.f_code is not within:
        name = told(frame.f_code.co_filename)
        if name:
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


@functools.lru_cache(4096)
def told(filename: str) -> str:
    """Return how a file of the user's is named, "" for torch's, ours and what is no file."""
    if filename.startswith(_OURS) or filename.startswith("<frozen "):
        return ""
    here = os.getcwd() + os.sep
    return filename.removeprefix(here)
