"""Graphs that a run logged by name: vizkit's own, and those in the event files of other tools."""

from __future__ import annotations

from functools import lru_cache

from google.protobuf.message import DecodeError

from vizkit.errors import GraphFileError, RunNotFoundError, TagNotFoundError, VizkitError
from vizkit.events.batch import KEEP_BELOW
from vizkit.events.decode import GRAPH_TAG
from vizkit.importers.event_file import DECODERS
from vizkit.index import Index
from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph.graph import Graph

GRAPH_DEF = "graph_def"
"""The tag of what lies in event files without one: the GraphDef of `add_graph` and TensorFlow."""

PLUGINS = tuple(DECODERS)
_CACHED = 32
_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, DecodeError)


def logged_graphs_of(
    index: Index, run: str, until: float | None
) -> list[tuple[str, int, str, int | None]]:
    """Return (tag, step, source, number of nodes) of each graph known at `until`, by tag.

    Of each tag the latest. The number is None, and a source perhaps "", of one that is large or
    cannot be read.

    Raises:
        RunNotFoundError: if there is no such run.
    """
    rows = _latest(index, run, until)
    return [(tag, rows[tag].step, *glance(index, rows[tag])) for tag in sorted(rows)]


def logged_graph(index: Index, run: str, tag: str, until: float | None) -> Graph:
    """Return the latest graph of a tag known at `until`.

    Raises:
        RunNotFoundError, TagNotFoundError: if there is none.
        GraphFileError: if it cannot be read.
        VizkitError: if its file is gone.
    """
    rows = _latest(index, run, until)
    if tag not in rows:
        raise TagNotFoundError(f"Run {run!r} logged no graph {tag!r:.200}; it has {sorted(rows)}.")
    return decoded(rows[tag].plugin, index.content(rows[tag]))


def tag_of(tag: str) -> str:
    """Return the name that a graph is shown under."""
    return GRAPH_DEF if tag == GRAPH_TAG else tag


@lru_cache(maxsize=_CACHED)
def decoded(plugin: str, data: bytes) -> Graph:
    """Return the graph of a payload's bytes; the last few are kept.

    Raises:
        GraphFileError: if they hold none.
    """
    try:
        return DECODERS[plugin][1](data)
    except _DAMAGED as error:
        raise GraphFileError(
            f"The graph cannot be read: {error!r:.300}. `vizkit doctor LOGDIR` looks for damage."
        ) from error


def _latest(index: Index, run: str, until: float | None) -> dict[str, PayloadRow]:
    rows = [row for plugin in PLUGINS for row in index.payloads(run, plugin)]
    if not rows and run not in {row.name for row in index.runs([run])}:
        raise RunNotFoundError(f"No run {run!r:.200} under {str(index.logdir)!r}.")
    known = [row for row in rows if until is None or row.step <= until]
    return {tag_of(row.tag): row for row in sorted(known, key=_place)}


def _place(row: PayloadRow) -> tuple[int, float]:
    return row.step, row.wall_time


def glance(index: Index, row: PayloadRow) -> tuple[str, int | None]:
    """Return source and number of nodes of a graph, if it is small enough to be read for that."""
    source = DECODERS[row.plugin][0]
    if row.length >= KEEP_BELOW:
        return source, None
    try:
        graph = decoded(row.plugin, index.content(row))
    except VizkitError:
        return source, None
    return graph.source, len(graph.nodes)
