"""A graph as compressed JSON columns: 5,000 nodes are some ten kilobytes."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields
from typing import Any

from vizkit.kinds.graph.columns import from_columns, shapes_of, to_columns
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope

FORMAT = 2
"""1 is the module tree alone, `vizkit.kinds.graph.module_graph`."""

_CODED = {
    "nodes": ("kind", "op", "path", "scope", "shapes", "dtypes", "state", "source", "attributes"),
    "edges": ("shape", "kind"),
    "scopes": ("op", "path", "parent", "state", "input_shapes", "output_shapes"),
}
_READERS: dict[str, Any] = {
    "shapes": shapes_of,
    "attributes": shapes_of,
    "dtypes": tuple,
    "shape": tuple,
    "input_shapes": shapes_of,
    "output_shapes": shapes_of,
}
_WORDS = ("source", "exact", "topology", "rolled")
_KINDS = {"nodes": Node, "edges": Edge, "scopes": Scope}
_KNOWN = {each.name for each in fields(Graph)} | {"format"}


def encode(graph: Graph) -> bytes:
    """Return the graph, compressed."""
    return pack(record_of(graph))


def decode(content: bytes) -> Graph:
    """Return the graph that `encode` wrote, also in a later format that only adds to this one.

    Raises:
        ValueError: if `content` holds no such graph.
    """
    return graph_of(unpack(content))


def record_of(graph: Graph) -> dict[str, Any]:
    """Return the graph as JSON can say it; the ends of edges are places among the nodes."""
    places = {node.id: place for place, node in enumerate(graph.nodes)}
    edges = to_columns(graph.edges, Edge, _CODED["edges"])
    for end in ("src", "dst"):
        edges[end] = [places[getattr(edge, end)] for edge in graph.edges]
    return {
        **graph.extra,
        "format": FORMAT,
        "nodes": to_columns(graph.nodes, Node, _CODED["nodes"]),
        "edges": edges,
        "scopes": to_columns(graph.scopes, Scope, _CODED["scopes"]),
        "notes": list(graph.notes),
        **{word: getattr(graph, word) for word in _WORDS},
    }


def graph_of(record: dict[str, Any]) -> Graph:
    """Return the graph of a record.

    Raises:
        ValueError: if the record is none of a graph.
    """
    try:
        return _graph(record)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"no captured graph in {str(record)[:40]!r}...: {error!r}") from error


def pack(record: dict[str, Any]) -> bytes:
    """Return JSON, compressed."""
    return zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 6)


def unpack(content: bytes) -> dict[str, Any]:
    """Return what `pack` packed.

    Raises:
        ValueError: if it is something else.
    """
    try:
        plain = content if content[:1] == b"{" else zlib.decompress(content)
        record = json.loads(plain)
    except zlib.error as error:
        raise ValueError(f"no graph record in {content[:20]!r}...: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"no graph record in {content[:20]!r}...")
    return record


def _graph(record: dict[str, Any]) -> Graph:
    nodes = from_columns(record["nodes"], Node, _READERS)
    edges = dict(record["edges"])
    for end in ("src", "dst"):
        edges[end] = [nodes[place].id for place in edges.get(end, ())]
    return Graph(
        nodes=nodes,
        edges=from_columns(edges, Edge, _READERS),
        scopes=from_columns(record.get("scopes", {"count": 0}), Scope, _READERS),
        notes=tuple(record.get("notes", ())),
        extra={name: value for name, value in record.items() if name not in _KNOWN},
        **{word: record[word] for word in _WORDS if word in record},
    )
