"""What torch.export notes at an operation: in which module calls it ran, and at which line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from vizkit.importers.building import Building

Entry = tuple[str, str, str]
"""Key ("L__self__a@1", where @1 says the second call), path ("a") and class of a module."""

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')
_LIBRARY = ("/site-packages/", "/dist-packages/", "/torch/nn/", "/torch/_", "/torch/fx/", "<")
_BUILT_IN = ("aten", "prims", "prim", "higher_order", "operator", "_operator", "math", "builtins")


class ModuleCalls:
    """Makes the scopes of module calls, named as those of a captured graph: /block#1/conv."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._numbers: dict[tuple[str, str], dict[str, int]] = {}

    def scope(self, stack: Iterable[Entry], within: str = "") -> str:
        """Return the scope of the innermost call of a stack; `within`, where it is empty."""
        scope, outer = "", ""
        for key, path, kind in stack:
            keys = self._numbers.setdefault((scope, path), {})
            call = keys.setdefault(key, len(keys))
            name = path.removeprefix(f"{outer}.") if outer else path
            op = kind.rpartition(".")[2]
            scope = self._building.scope(scope, name, op, path=path, call=call)
            outer = path
        return scope or within


def parsed_stack(text: str) -> list[Entry]:
    """Return the stack that a file says as "key,path,class;key,path,class"."""
    parts = [entry.split(",") for entry in text.split(";")]
    return [(p[0], p[1], p[-1]) for p in parts if len(p) >= 3 and not p[0].startswith("_empty")]


def user_line(trace: str) -> str:
    """Return "file:line" of the innermost frame that is the user's, "" without one."""
    frames: Sequence[tuple[str, str]] = _FRAME.findall(trace or "")
    own = [f"{file}:{line}" for file, line in frames if not _is_library(file)]
    return own[-1] if own else ""


def op_name(target: str) -> str:
    """Return "conv2d" for torch.ops.aten.conv2d.default; other namespaces than torch's are kept."""
    parts = target.removeprefix("torch.ops.").split(".")
    if len(parts) == 1:
        return target.rpartition("::")[2]
    return parts[1] if parts[0] in _BUILT_IN else ".".join(parts[:2])


def _is_library(file: str) -> bool:
    return file.startswith("torch/") or any(part in file for part in _LIBRARY)
