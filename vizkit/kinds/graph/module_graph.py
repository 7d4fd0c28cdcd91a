"""The module tree of a model, with shapes and parameter counts, and its encoding."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from vizkit.kinds.graph.graph import Scope

PLUGIN = "vizkit_graph"
TAG = "_vizkit_/graph"
VERSION = 1
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Node:
    """One module (`kind` "module") or one raw tensor (`kind` "parameter").

    `id` is the path of the module, "" the root; `parameters` and `trainable` count the numbers of
    the module itself and all below it; `order` is the place in the execution order, -1 if not run.
    """

    id: str
    name: str
    path: str
    kind: str
    op: str
    parent: str = ""
    parameters: int = 0
    trainable: int = 0
    parameter_names: tuple[str, ...] = ()
    buffers: int = 0
    input_shapes: tuple[Shape, ...] = ()
    output_shapes: tuple[Shape, ...] = ()
    order: int = -1
    extra: str = ""


@dataclass(frozen=True)
class Edge:
    """Data flows from node `src` to node `dst` (ids)."""

    src: str
    dst: str


@dataclass(frozen=True)
class ModuleGraph:
    """Nodes, parents before children; edges in execution order; notes say what was not seen."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    notes: tuple[str, ...] = ()
    version: int = VERSION

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Return the modules as a captured graph names the calls it saw."""
        modules = [node for node in self.nodes if node.kind == "module"]
        return tuple(
            Scope(f"/{node.path}", node.path, node.op, f"/{node.parent}" if node.path else "")
            for node in modules
        )


def encode(graph: ModuleGraph) -> bytes:
    """Return the graph as JSON, compressed by zlib where that makes it smaller."""
    plain = json.dumps(asdict(graph), separators=(",", ":")).encode()
    packed = zlib.compress(plain)
    return packed if len(packed) < len(plain) else plain


def decode(content: bytes) -> ModuleGraph:
    """Return the graph that `encode` wrote; fields of later versions are left out.

    Raises:
        ValueError: if `content` holds no graph.
    """
    try:
        # JSON opens with a brace, zlib never does.
        plain = content if content[:1] == b"{" else zlib.decompress(content)
        return _graph(json.loads(plain))
    except (zlib.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no module graph in {content[:20]!r}...: {error}") from error


def _graph(record: dict[str, Any]) -> ModuleGraph:
    return ModuleGraph(
        nodes=tuple(_node(node) for node in record["nodes"]),
        edges=tuple(Edge(edge["src"], edge["dst"]) for edge in record.get("edges", ())),
        notes=tuple(record.get("notes", ())),
        version=record.get("version", VERSION),
    )


def _node(record: dict[str, Any]) -> Node:
    known = {name: record[name] for name in Node.__dataclass_fields__ if name in record}
    for name in ("input_shapes", "output_shapes"):
        known[name] = tuple(tuple(shape) for shape in known.get(name, ()))
    known["parameter_names"] = tuple(known.get("parameter_names", ()))
    return Node(**known)
