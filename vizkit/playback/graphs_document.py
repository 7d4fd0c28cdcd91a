"""A graph as the page draws it: columns, counts of operations, repeats, and a difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vizkit.kinds.graph.codec import record_of
from vizkit.kinds.graph.folding import counts_of, repeats, rolled, rolled_id
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.words import told
from vizkit.playback.graphs_merged import Merged, merge

ROLLED, CALLS = "rolled", "calls"
FORMS = (CALLS, ROLLED)
"""Each operation as often as it ran, or once for all calls of a module."""


def shown(graph: Graph, form: str) -> Graph:
    """Return a graph in a form, names without the count that `counts` of the document tells."""
    if form == CALLS:
        return graph
    names: dict[str, str] = {}
    for node in graph.nodes:
        names.setdefault(rolled_id(node), node.name)
    folded = rolled(graph)
    nodes = (
        node if node.name == names[node.id] else replace(node, name=names[node.id])
        for node in folded.nodes
    )
    return replace(folded, nodes=tuple(nodes))


def document(graph: Graph, form: str) -> dict[str, Any]:
    """Return a graph as JSON can say it."""
    drawn = shown(graph, form)
    return {**record_of(drawn), **_about(drawn, graph, form)}


def compared(old: Graph, new: Graph, form: str) -> dict[str, Any]:
    """Return two graphs as one, with what changed from old to new."""
    both = merge(shown(old, form), shown(new, form))
    record = {**record_of(both.graph), **_about(both.graph, new, form)}
    if form == ROLLED:
        record["counts"] = {**_gone_counts(old, both), **record["counts"]}
    record["nodes"]["change"] = list(both.nodes)
    record["edges"]["change"] = list(both.edges)
    return {**record, "diff": _told(both)}


def _about(drawn: Graph, graph: Graph, form: str) -> dict[str, Any]:
    return {
        "form": form,
        "counts": counts_of(graph) if form == ROLLED else {},
        "repeats": [vars(each) for each in repeats(drawn)],
    }


def _gone_counts(old: Graph, both: Merged) -> dict[str, int]:
    counts = counts_of(old)
    return {both.ids[node.id]: counts[node.id] for node in both.difference.removed}


def _told(both: Merged) -> dict[str, Any]:
    found = both.difference
    sentences = told(found)
    gone = set(map(id, found.removed))  # an added node may have the id that a removed one had
    kinds = ("added", "removed", "reshaped", "rewired")
    return {
        "sentences": [text for text, _ in sentences],
        "nodes": [
            [both.ids[node.id] if id(node) in gone else node.id for node in nodes]
            for _, nodes in sentences
        ],
        **{kind: len(getattr(found, kind)) for kind in kinds},
    }
