"""A difference in words, for people who see it for the first time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from vizkit.kinds.graph.diff import Difference, Pair
from vizkit.kinds.graph.graph import Node, Shape
from vizkit.kinds.graph.tree import RUNNING

FEW = 4
"""Names that are listed before "and N more"."""


def in_words(difference: Difference) -> tuple[str, ...]:
    """Return one sentence per change, the most telling first; empty if nothing differs."""
    return (
        *_operations("now runs", difference.added),
        *_operations("no longer runs", difference.removed),
        *_others(difference.added, difference.removed),
        *_states(difference.kept),
        *(_reshaped(pair) for pair in difference.reshaped[:FEW]),
        *_more("other results have new shapes", difference.reshaped[FEW:]),
        *(f"{_title(new)} reads from other operations" for _, new in difference.rewired[:FEW]),
        *_more("other operations read from elsewhere", difference.rewired[FEW:]),
    )


def _operations(verb: str, nodes: Sequence[Node]) -> Iterable[str]:
    by_path: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for node in nodes:
        if node.kind in RUNNING:
            by_path[_place(node)][node.op] += 1
    for place, operations in by_path.items():
        yield f"{place} {verb} {_listed(operations)}"


def _others(added: Sequence[Node], removed: Sequence[Node]) -> Iterable[str]:
    for verb, nodes in (("appears", added), ("is gone", removed)):
        for node in nodes:
            if node.kind not in RUNNING:
                yield f"{node.kind} {node.name} {verb}"


def _states(kept: Iterable[Pair]) -> Iterable[str]:
    changed: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for old, new in kept:
        if old.kind == "parameter" and old.state != new.state:
            changed[old.state or "used", new.state or "used"].append(new.name)
    for (was, now), names in changed.items():
        what = "parameter" if len(names) == 1 else "parameters"
        yield f"{what} {_few(names)}: {was} before, {now} now"


def _reshaped(pair: Pair) -> str:
    old, new = pair
    return f"{_title(new)} is {_shapes(new.shapes)} instead of {_shapes(old.shapes)}"


def _more(what: str, rest: Sequence[Pair]) -> Iterable[str]:
    if rest:
        yield f"{len(rest)} {what}"


def _place(node: Node) -> str:
    return node.path or ("the model itself" if node.scope else "what is outside the modules")


def _title(node: Node) -> str:
    return f"{node.op} of {node.path}" if node.path and node.kind in RUNNING else node.name


def _listed(operations: Counter[str]) -> str:
    return _few([f"{op} x{count}" if count > 1 else op for op, count in operations.items()])


def _few(names: Sequence[str]) -> str:
    if len(names) <= FEW:
        return ", ".join(names)
    return f"{', '.join(names[: FEW - 1])} and {len(names) - FEW + 1} more"


def _shapes(shapes: Sequence[Shape]) -> str:
    return ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes) or "nothing"
