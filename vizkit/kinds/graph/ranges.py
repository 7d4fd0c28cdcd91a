"""How often each operation of a structure ran, and how large its results were, over many steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vizkit.kinds.graph.folding import counts_of, rolled_id
from vizkit.kinds.graph.graph import Graph, Shape


@dataclass(frozen=True)
class Range:
    """`low` to `high` runs in one step; each dimension of the first result in `small`..`large`.

    Both shapes are None where the number of dimensions itself changed.
    """

    low: int
    high: int
    small: Shape | None = None
    large: Shape | None = None


Ranges = Mapping[str, Range]
"""By the id of the node in the rolled graph."""


def ranges_of(graph: Graph) -> dict[str, Range]:
    """Return the ranges that one graph shows."""
    counts = counts_of(graph)
    found: dict[str, Range] = {}
    for node in graph.nodes:
        key = rolled_id(node)
        shape = node.shapes[0] if node.shapes else None
        here = Range(counts[key], counts[key], shape, shape)
        found[key] = here if key not in found else _joined(found[key], here)
    return found


def merged(one: Ranges, other: Ranges) -> dict[str, Range]:
    """Return ranges that hold both; what only one has ran 0 times in the other."""
    if not one or not other:
        return dict(one or other)
    nothing = Range(0, 0)
    keys = dict.fromkeys([*one, *other])
    return {key: _joined(one.get(key, nothing), other.get(key, nothing)) for key in keys}


def to_json(ranges: Ranges) -> dict[str, Any]:
    """Return ranges as JSON can say them."""
    return {key: [each.low, each.high, each.small, each.large] for key, each in ranges.items()}


def from_json(record: Mapping[str, Any]) -> dict[str, Range]:
    """Return the ranges of a record."""
    return {
        key: Range(low, high, small and tuple(small), large and tuple(large))
        for key, (low, high, small, large, *_) in record.items()
    }


def _joined(a: Range, b: Range) -> Range:
    low, high = min(a.low, b.low), max(a.high, b.high)
    if not a.high or not b.high:
        seen = a if a.high else b
        return Range(low, high, seen.small, seen.large)
    if a.small is None or b.small is None or len(a.small) != len(b.small):
        return Range(low, high)
    assert a.large is not None
    assert b.large is not None
    small = tuple(map(min, a.small, b.small))
    return Range(low, high, small, tuple(map(max, a.large, b.large)))
