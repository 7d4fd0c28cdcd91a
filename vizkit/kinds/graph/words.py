"""A difference in words, for people who see it for the first time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from vizkit.kinds.graph.diff import Difference, Pair
from vizkit.kinds.graph.graph import Node, Shape
from vizkit.kinds.graph.kernels import is_kernel
from vizkit.kinds.graph.tree import RUNNING

MANY = 12
"""Kernels that are told one by one, and operations of one."""

FEW = 4
"""Names that are listed before "and N more"."""


Told = tuple[str, tuple[Node, ...]]
"""A sentence, and the nodes it speaks of: of the newer graph, removed ones of the older."""


def in_words(difference: Difference) -> tuple[str, ...]:
    """Return one sentence per change, the most telling first; empty if nothing differs."""
    return tuple(sentence for sentence, _ in told(difference))


def told(difference: Difference) -> tuple[Told, ...]:
    """Return one sentence per change with the nodes that it is about."""
    return (
        *_fused(difference.kept),
        *_operations("now runs", difference.added),
        *_operations("no longer runs", difference.removed),
        *_others(difference.added, difference.removed),
        *_states(difference.kept),
        *((_reshaped(pair), pair[1:]) for pair in difference.reshaped[:FEW]),
        *_more("other results have new shapes", difference.reshaped[FEW:]),
        *(_rewired(pair) for pair in difference.rewired[:FEW]),
        *_more("other operations read from elsewhere", difference.rewired[FEW:]),
    )


def _fused(kept: Iterable[Pair]) -> Iterable[Told]:
    """Yield which operations run together in one kernel since the model was compiled."""
    together: defaultdict[str, list[Node]] = defaultdict(list)
    for old, new in kept:
        if new.scope != old.scope and is_kernel(new.scope):
            together[new.scope].append(new)
    several = [nodes for nodes in together.values() if len(nodes) > 1]
    for nodes in several[:MANY]:
        yield f"{_and([_title(node) for node in nodes])} run as one kernel now", tuple(nodes)
    if len(several) > MANY:
        rest = tuple(node for nodes in several[MANY:] for node in nodes)
        yield f"{len(several) - MANY} more kernels run several operations each", rest
    alone = tuple(nodes[0] for nodes in together.values() if len(nodes) == 1)
    if alone:
        runs = "operation runs" if len(alone) == 1 else "operations run"
        yield (
            f"{len(alone)} {runs} in a kernel of {'its' if len(alone) == 1 else 'their'} own",
            alone,
        )


def _and(names: Sequence[str]) -> str:
    if len(names) > MANY:
        return f"{', '.join(names[:MANY])} and {len(names) - MANY} more operations"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _operations(verb: str, nodes: Sequence[Node]) -> Iterable[Told]:
    by_path: defaultdict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        if node.kind in RUNNING:
            by_path[_place(node)].append(node)
    for place, found in by_path.items():
        yield f"{place} {verb} {_listed(Counter(node.op for node in found))}", tuple(found)


def _others(added: Sequence[Node], removed: Sequence[Node]) -> Iterable[Told]:
    for verb, nodes in (("appears", added), ("is gone", removed)):
        for node in nodes:
            if node.kind not in RUNNING:
                yield f"{node.kind} {node.name} {verb}", (node,)


def _states(kept: Iterable[Pair]) -> Iterable[Told]:
    changed: defaultdict[tuple[str, str], list[Node]] = defaultdict(list)
    for old, new in kept:
        if old.kind == "parameter" and old.state != new.state:
            changed[old.state or "used", new.state or "used"].append(new)
    for (was, now), nodes in changed.items():
        what = "parameter" if len(nodes) == 1 else "parameters"
        names = _few([node.name for node in nodes])
        yield f"{what} {names}: {was} before, {now} now", tuple(nodes)


def _reshaped(pair: Pair) -> str:
    old, new = pair
    return f"{_title(new)} is {_shapes(new.shapes)} instead of {_shapes(old.shapes)}"


def _rewired(pair: Pair) -> Told:
    return f"{_title(pair[1])} reads from other operations", pair[1:]


def _more(what: str, rest: Sequence[Pair]) -> Iterable[Told]:
    if rest:
        yield f"{len(rest)} {what}", tuple(new for _, new in rest)


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
    return ", ".join("x".join(map(_size, shape)) or "scalar" for shape in shapes) or "nothing"


def _size(size: int) -> str:
    return str(size) if size >= 0 else "?"
