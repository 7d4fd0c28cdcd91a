"""A graph as the tree of its module calls, in the order of execution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vizkit.kinds.graph.graph import Graph, Node, Scope

RUNNING = ("op", "function", "module")
"""Kinds of nodes that are steps of the execution; the others are what these use and make."""


@dataclass
class Branch:
    """A module call with what it ran: nodes and further calls, in order; the root has no scope."""

    scope: Scope | None
    items: list[Node | Branch] = field(default_factory=list)
    print: int = 0
    """Equal for calls that ran the same operations in the same nesting, whatever their names."""
    named: int = 0
    """Equal only if the modules are the same too."""

    @property
    def path(self) -> str:
        """Return the module's path."""
        return self.scope.path if self.scope else ""

    @property
    def op(self) -> str:
        """Return the module's class."""
        return self.scope.op if self.scope else ""

    def nodes(self) -> Iterator[Node]:
        """Yield all nodes below, in order."""
        for item in self.items:
            if isinstance(item, Branch):
                yield from item.nodes()
            else:
                yield item


def tree_of(graph: Graph) -> Branch:
    """Return the tree of a graph's calls and running nodes; parameters are not in it."""
    root = Branch(None)
    branches = {scope.id: Branch(scope) for scope in graph.scopes if scope.call >= 0}
    opened: set[str] = set()
    running = sorted((node for node in graph.nodes if node.kind in RUNNING), key=_order)
    for node in running:
        _open(node.scope, branches, opened, root).items.append(node)
    for scope in graph.scopes:
        if scope.call >= 0:
            _open(scope.id, branches, opened, root)
    _fingerprint(root)
    return root


def token(item: Node | Branch) -> tuple[str, object]:
    """Return what two items have in common that could stand for each other."""
    if isinstance(item, Branch):
        return item.op, item.print
    return item.kind, item.op


def name(item: Node | Branch) -> tuple[str, object]:
    """Return what two items have in common that are the same one at different steps."""
    if isinstance(item, Branch):
        return item.path, item.named
    return item.path, (item.kind, item.op)


def _order(node: Node) -> int:
    return node.order


def _open(scope: str, branches: dict[str, Branch], opened: set[str], root: Branch) -> Branch:
    """Return a call's branch, hung into its parent's where it runs first."""
    missing: list[Branch] = []
    at = branches.get(scope)
    while at is not None and at.scope is not None and at.scope.id not in opened:
        opened.add(at.scope.id)
        missing.append(at)
        at = branches.get(at.scope.parent)
    holder = at or root
    for branch in reversed(missing):
        holder.items.append(branch)
        holder = branch
    return holder


def _fingerprint(branch: Branch) -> None:
    for item in branch.items:
        if isinstance(item, Branch):
            _fingerprint(item)
    branch.print = hash((branch.op, tuple(map(token, branch.items))))
    branch.named = hash((branch.op, tuple(map(name, branch.items))))
