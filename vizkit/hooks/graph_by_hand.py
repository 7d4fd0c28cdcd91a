"""Steps without a backward pass: what the operations alone tell of their structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vizkit.hooks.graph_ops import Loose, Op
from vizkit.hooks.graph_walk import Survey


def survey_of(ops: Sequence[Op], loose: Sequence[Loose]) -> Survey:
    """Return what a walk would: which operation reads which, and the parameters' names."""
    pairs: set[Any] = set()
    wiring: list[Any] = []
    for op in ops:
        makers = [_maker(ops, *origin) for origin in op.inputs]
        pairs.update((op.name, maker) for maker in makers or [""])
        pairs.update(place for kind, place, _ in op.inputs if kind == "id")
        wiring.append((op.name, op.inputs))
    return Survey(hash(tuple(wiring)), pairs, len(ops))


def words_of(ops: Sequence[Op], *, shapes: bool) -> list[str]:
    """Return what tells the operations of one step from another's, equal in every process."""
    return [repr((op.name, op.inputs, (op.shapes, op.dtypes) if shapes else ())) for op in ops]


def _maker(ops: Sequence[Op], kind: str, place: Any, output: int) -> str:
    return ops[place].name if kind == "op" else kind
