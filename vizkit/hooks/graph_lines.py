"""Which line of the user's code runs now: "file:line" of the innermost frame that is theirs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from types import FrameType

import torch

_APPLY = torch.autograd.Function.apply.__func__.__code__  # type: ignore[attr-defined]

_TORCH = os.path.dirname(torch.__file__) + os.sep
OURS = os.path.dirname(__file__) + os.sep
_CHORES = tuple(
    os.path.join(_TORCH, *part) + os.sep
    for part in (("optim",), ("distributed",), ("utils", "data"), ("amp",), ("cuda", "amp"))
)
"""What runs in these is not the model's: updates, transfers between processes, batches."""


@dataclass(frozen=True)
class Line:
    """Where the user is. `hidden`: inside a custom Function, whose caller's line this is."""

    text: str
    hidden: bool = False


class Lines:
    """Looks lines up; remembers how each file is called."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._here = _working_directory()

    def find(self, frame: FrameType | None, *, may_hide: bool) -> Line | None:
        """Return the user's line above `frame`, None in torch's chores.

        `may_hide`: also look whether a custom Function runs, which is further up.
        """
        found = ""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(_CHORES):
                return None
            if not found and (label := self._label(name)):
                found = f"{label}:{frame.f_lineno}"
                if not may_hide:
                    return Line(found)
            if frame.f_code is _APPLY:
                caller = self.find(frame.f_back, may_hide=False)
                return Line(caller.text if caller else found, hidden=True)
            frame = frame.f_back
        return Line(found)

    def _label(self, name: str) -> str:
        """Return a file's name relative to the working directory, "" for torch's and ours."""
        label = self._labels.get(name)
        if label is None:
            inside = name.startswith(self._here) and self._here
            label = name[len(self._here) :] if inside else name
            if name.startswith((_TORCH, OURS, "<frozen ")):
                label = ""
            self._labels[name] = label
        return label


def _working_directory() -> str:
    try:
        return os.path.join(os.getcwd(), "")
    except OSError:  # it was deleted
        return ""
