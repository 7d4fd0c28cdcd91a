"""Signatures of a graph that was not recorded but read: equal graphs have equal ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b

from vizkit.kinds.graph.graph import Graph, Node


def signed(graph: Graph) -> Graph:
    """Return the graph with the three signatures that its nodes and edges give."""
    nodes = [_name(node) for node in graph.nodes]
    places = {node.id: place for place, node in enumerate(graph.nodes)}
    wires = [f"{places[e.src]}.{e.output}>{places[e.dst]}.{e.input}" for e in graph.edges]
    shapes = [repr((node.shapes, node.dtypes)) for node in graph.nodes]
    names = {node.id: name for node, name in zip(graph.nodes, nodes, strict=True)}
    pairs = {f"{names[edge.src]}>{names[edge.dst]}" for edge in graph.edges}
    return replace(
        graph,
        exact=digest([*nodes, *wires, *shapes]),
        topology=digest([*nodes, *wires]),
        rolled=digest(sorted({*nodes, *pairs})),
    )


def digest(words: Iterable[str]) -> str:
    """Return 16 hexadecimal digits for a sequence of texts."""
    found = blake2b(digest_size=8)
    for word in words:
        found.update(word.encode(errors="replace") + b"\0")
    return found.hexdigest()


def _name(node: Node) -> str:
    return f"{node.kind} {node.path} {node.op}" if node.order >= 0 else f"{node.kind} {node.name}"
