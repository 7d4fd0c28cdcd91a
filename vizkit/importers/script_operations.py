"""Calls of torch's operations in a model's code: which of them make tensors, and of what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from vizkit.importers.aten import argument, plain
from vizkit.importers.building import Building
from vizkit.importers.script_expressions import Expressions
from vizkit.importers.script_values import UNKNOWN, Plain, Ref, Several, refs_in, text_of

_MAKERS = ("arange", "empty", "eye", "full", "linspace", "ones", "rand", "randn", "tensor", "zeros")
_SILENT = ("size", "dim", "len", "format", "device", "dtype", "is_cuda", "numel", "ndim", "shape")
"""What is asked of tensors but makes none."""
_SAME = ("annotate", "unchecked_cast", "bool", "int", "float", "str", "uninitialized")


class Operations(Expressions):
    """Adds operations; `raised`: whether an exception was raised."""

    building: Building
    made: Counter[str]
    raised: bool

    def fresh(self, stem: str) -> str:
        """Return a name for a value that has none."""
        self.made[stem] += 1
        return f"{stem}~{self.made[stem]}"

    def operation(self, target: str, given: list[Any], named: dict[str, Any], scope: str) -> Any:
        """Return what an operation gives; one that makes tensors becomes a node."""
        op = _op(target)
        if op in _SAME:
            return given[-1] if given else UNKNOWN
        if op == "RaiseException":
            self.raised = True
        if op == "append" and given and isinstance(given[0], Several):
            # A list in a list as its values: lists that hold each other would have no end.
            new = given[-1]
            given[0].items += refs_in(new) if isinstance(new, Several) else [new]
            return given[0]
        if op in ("__is__", "__isnot__", "__not__"):
            return _truth(op, given)
        reads = names_of([*given, *named.values()])
        if op in _SILENT or "prim." in target or (not reads and op not in _MAKERS):
            return UNKNOWN
        told = [(argument(op, place), text_of(each)) for place, each in enumerate(given)]
        told += [(name, text_of(each)) for name, each in named.items()]
        made = self.fresh(op)
        kind = "op" if target.startswith(("torch.", "ops.aten.", "_operator")) else "function"
        self.building.running(
            op, scope, [made], reads, kind=kind, attributes=[each for each in told if each[1]]
        )
        return Ref(made)


def names_of(values: Sequence[Any]) -> list[str]:
    """Return the names of the values of the graph in some values."""
    return [ref.name for value in values for ref in refs_in(value)]


def _truth(op: str, given: Sequence[Any]) -> Plain:
    """Return what is known of `is None`, `is not None` and `not`."""
    first = given[0] if given else UNKNOWN
    if isinstance(first, Plain) and not first.known:
        return UNKNOWN
    if op == "__not__":
        return Plain(not first.value) if isinstance(first, Plain) else UNKNOWN
    return Plain((first == Plain()) == (op == "__is__"))


def _op(target: str) -> str:
    return plain(target.removeprefix("ops.").removeprefix("aten.").rpartition(".")[2])
