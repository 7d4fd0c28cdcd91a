"""Operations that a compiler put into kernels: each kernel is a scope with a name of its own."""

from __future__ import annotations

from collections.abc import Sequence

_START = "/kernel "
_FEW = 4


def kernel_id(number: int) -> str:
    """Return the id of a kernel's scope; `number` counts from 1."""
    return f"{_START}{number}"


def is_kernel(scope: str) -> bool:
    """Tell whether a scope is a kernel's."""
    return scope.startswith(_START)


def kernel_title(number: int, operations: Sequence[str]) -> str:
    """Return what a kernel is called: "kernel 2: conv2d, batch_norm, relu"."""
    names = list(dict.fromkeys(operations))
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"kernel {number}: {', '.join(names[:_FEW])}{more}".replace(".", " ")
