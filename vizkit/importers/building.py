"""A graph in the making: nodes make values under names, later ones read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope, Shape
from vizkit.kinds.graph.signatures import signed
from vizkit.kinds.graph.tree import RUNNING

MOST_NODES = 200_000
"""A file with more is refused: nobody could look at it, and a browser would not survive it."""
UNKNOWN = -1
"""A size that the file leaves open."""


@dataclass(frozen=True)
class Value:
    """Output `output` of a node, with its shape if the file tells it."""

    node: str
    output: int = 0
    shape: Shape = ()


class Building:
    """Collects what a reader finds, in the order in which it runs.

    Values are known by any name that the file gives them. A name may be bound again, as in-place
    layers do; whoever read it before keeps what it read.
    """

    def __init__(self, source: str) -> None:
        self.notes: list[str] = []
        self._source = source
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._scopes: dict[str, Scope] = {}
        self._values: dict[str, Value] = {}
        self._later: list[tuple[str, str, int]] = []
        self._counts: Counter[str] = Counter()
        self._read: set[str] = set()
        self._running = 0

    def scope(self, parent: str, name: str, op: str = "", *, path: str = "", call: int = 0) -> str:
        """Return the id of a scope below `parent` ("" for none); it is made if it is new."""
        number = f"#{call}" if call else ""
        made = f"{parent.rstrip('/')}/{name}{number}"
        if made not in self._scopes:
            self._scopes[made] = Scope(made, path, op, parent, call)
        return made

    def path(self, scope: str, name: str = "") -> str:
        """Return the path of a scope, or of what is called `name` in it."""
        holder = self._scopes[scope].path if scope in self._scopes else ""
        return f"{holder}.{name}".strip(".")

    def add(self, node: Node, makes: Iterable[str] = (), reads: Iterable[str] = ()) -> str:
        """Add a node whose outputs are values of these names; return its id.

        An id that is taken gets a number. What runs gets its place in the order.

        Raises:
            ValueError: if there are too many nodes.
        """
        if len(self._nodes) >= MOST_NODES:
            raise ValueError(f"it has more than {MOST_NODES:,} nodes")
        number, self._counts[node.id] = self._counts[node.id], self._counts[node.id] + 1
        made = f"{node.id}.{number}" if number else node.id
        order = -1
        if node.kind in RUNNING:
            order, self._running = self._running, self._running + 1
        self._nodes.append(replace(node, id=made, order=order))
        for place, name in enumerate(reads):
            self.read(made, name, place)
        for place, name in enumerate(makes):
            self.bind(name, made, place)
        return made

    def running(
        self,
        op: str,
        scope: str = "",
        makes: Iterable[str] = (),
        reads: Iterable[str] = (),
        *,
        kind: str = "op",
        name: str = "",
        shapes: Sequence[Shape] = (),
        dtypes: Sequence[str] = (),
        source: str = "",
        attributes: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Add an operation of a scope; return its id, which is that of a captured one."""
        node = Node(
            id=f"{scope}:{op}",
            kind=kind,
            op=op,
            name=name or op,
            path=self.path(scope),
            scope=scope,
            shapes=tuple(shapes),
            dtypes=tuple(dtypes),
            source=source,
            attributes=tuple(attributes),
        )
        return self.add(node, makes, reads)

    def stored(
        self,
        kind: str,
        name: str,
        shape: Shape | None,
        dtype: str = "",
        makes: str = "",
        *,
        state: str = "",
    ) -> str:
        """Add a parameter, buffer or constant; its path is its name without the last part."""
        known = shape is not None and min(shape, default=0) >= 0
        node = Node(
            id=f"{kind}:{name}",
            kind=kind,
            op=kind.capitalize(),
            name=name,
            path=name.rpartition(".")[0],
            shapes=() if shape is None else (shape,),
            dtypes=(dtype,) if dtype else (),
            parameters=prod(shape) if shape is not None and known and kind == "parameter" else 0,
            state=state,
        )
        return self.add(node, [makes or name])

    def input(self, name: str, shape: Shape | None, dtype: str = "", makes: str = "") -> str:
        """Add an input of the model."""
        shapes, dtypes = () if shape is None else (shape,), (dtype,) if dtype else ()
        node = Node(f"input:{name}", "input", "Input", name, shapes=shapes, dtypes=dtypes)
        return self.add(node, [makes or name])

    def output(self, name: str, reads: str, *, kind: str = "output") -> str:
        """Add a result of the model, which is the value `reads`."""
        value = self._values.get(reads)
        shapes = (value.shape,) if value is not None and value.shape else ()
        return self.add(
            Node(f"output:{name}", "output", "Output", name, shapes=shapes), (), [reads]
        )

    def bind(self, name: str, node: str, output: int = 0) -> None:
        """Give an output of a node a name."""
        shapes = self._nodes[-1].shapes if self._nodes and self._nodes[-1].id == node else ()
        self._values[name] = Value(node, output, shapes[output] if output < len(shapes) else ())

    def alias(self, name: str, known: str) -> None:
        """Give a value one more name; one that is not known stays unknown."""
        if known in self._values:
            self._values[name] = self._values[known]

    def knows(self, name: str) -> bool:
        """Tell whether a value has this name."""
        return name in self._values

    def value(self, name: str) -> Value | None:
        """Return the value of a name as it is now."""
        return self._values.get(name)

    def read(self, node: str, name: str, input: int) -> None:
        """Wire the value of a name, or what will have it in the end, to a node's input."""
        value = self._values.get(name)
        if value is None:
            self._later.append((node, name, input))
        else:
            self._wire(node, value, input)

    def graph(self, *, prune: bool = False) -> Graph:
        """Return the graph: what runs in order, the rest behind; `prune`: no empty scopes."""
        missing = 0
        for node, name, place in self._later:
            value = self._values.get(name)
            missing += value is None
            if value is not None:
                self._wire(node, value, place)
        if missing:
            self.notes.append(f"{missing} inputs read from what the file does not hold")
        nodes = sorted(map(self._with_use, self._nodes), key=_place)
        used = self._used() if prune else set(self._scopes)
        scopes = tuple(scope for name, scope in self._scopes.items() if name in used)
        parts = tuple(self._edges), scopes
        return signed(Graph(tuple(nodes), *parts, self._source, notes=tuple(self.notes)))

    def _used(self) -> set[str]:
        """Return the scopes that something runs in, and those around them."""
        found: set[str] = set()
        for node in self._nodes:
            scope = node.scope
            while scope in self._scopes and scope not in found:
                found.add(scope)
                scope = self._scopes[scope].parent
        return found

    def _with_use(self, node: Node) -> Node:
        if node.kind != "parameter" or node.state or node.id in self._read:
            return node
        return replace(node, state="unused")

    def _wire(self, node: str, value: Value, place: int) -> None:
        stored = value.node.startswith(("parameter:", "buffer:"))
        kind = "parameter" if stored else "data"
        self._read.add(value.node)
        self._edges.append(Edge(value.node, node, value.output, place, value.shape, kind))


def _place(node: Node) -> tuple[bool, int]:
    return node.order < 0, node.order
