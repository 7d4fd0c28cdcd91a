"""What an index knows of the graphs of its runs, decoded once however often it is asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from google.protobuf.message import DecodeError

from vizkit.errors import VizkitError
from vizkit.events.values import string_value
from vizkit.index import Index
from vizkit.index.cache import Cache
from vizkit.index.rows import PayloadRow
from vizkit.kinds.graph import module_graph
from vizkit.kinds.graph.codec import graph_of, unpack
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.versions import (
    STEPS_PLUGIN,
    VERSION_PLUGIN,
    Version,
    decode_stretch,
)
from vizkit.playback import logged_graphs
from vizkit.playback.graphs_document import compared, document
from vizkit.playback.graphs_run import Head, RunGraphs

CAPTURED = (module_graph.PLUGIN, VERSION_PLUGIN, STEPS_PLUGIN)
PLUGINS = (*CAPTURED, *logged_graphs.PLUGINS)
_MOST_RUNS = 32
_CACHE_BYTES = 256 << 20
_PER_BYTE = 40
"""Memory that decoded graphs take for each compressed byte, about."""


@dataclass
class _Found:
    """The records of one plugin of a run, as far as read; `stamp`: of the newest."""

    stamp: tuple[int, int] = (-1, -1)
    items: list[Any] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    places: set[tuple[str, int]] = field(default_factory=set)


class GraphLog:
    """Reads the graphs of an index; safe to use from any thread."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = Lock()
        self._found: OrderedDict[str, dict[str, _Found]] = OrderedDict()
        self._runs: dict[str, RunGraphs] = {}
        self._graphs: Cache[Graph] = Cache(_CACHE_BYTES)
        self._documents: Cache[dict[str, Any]] = Cache(_CACHE_BYTES)

    def of(self, run: str) -> RunGraphs:
        """Return what a run recorded; only what is new since the last time is read."""
        with self._lock:
            found = self._found.setdefault(run, {})
            self._found.move_to_end(run)
            is_new = [self._refresh(run, plugin, found) for plugin in PLUGINS]
            if any(is_new) or run not in self._runs:
                self._runs[run] = _joined(found)
            while len(self._found) > _MOST_RUNS:
                self._runs.pop(self._found.popitem(last=False)[0], None)
            return self._runs[run]

    def graph(self, head: Head) -> Graph:
        """Return a graph whole.

        Raises:
            ValueError: if its record is damaged.
            VizkitError: if its file is gone.
        """
        row = head.row
        key = (row.run, row.file, row.offset, row.wall_time)
        known = self._graphs.get(key)
        if known is None:
            content = self._index.content(row)
            if row.plugin == VERSION_PLUGIN:
                known = graph_of(unpack(string_value(content))["graph"])
            else:
                known = logged_graphs.decoded(row.plugin, content)
            self._graphs.put(key, known, _PER_BYTE * len(content))
        return known

    def document(self, head: Head, form: str, other: Head | None = None) -> dict[str, Any]:
        """Return a graph as JSON can say it, merged with an older `other` one if that is given.

        Raises:
            ValueError, VizkitError: as `graph` does.
        """
        rows = [each.row for each in (head, other) if each is not None]
        key = (form, *((row.run, row.file, row.offset, row.wall_time) for row in rows))
        known = self._documents.get(key)
        if known is None:
            new = self.graph(head)
            known = document(new, form) if other is None else compared(self.graph(other), new, form)
            self._documents.put(key, known, _PER_BYTE * sum(row.length for row in rows))
        return known

    def _refresh(self, run: str, plugin: str, found: dict[str, _Found]) -> bool:
        known = found.setdefault(plugin, _Found())
        stamp = self._index.newest_payload(run, plugin)
        if stamp == known.stamp:
            return False
        if stamp[0] != known.stamp[0]:
            known = found[plugin] = _Found()
        for row in self._index.payloads(run, plugin, known.stamp[1]):
            self._take(row, known)
        known.stamp = stamp
        return True

    def _take(self, row: PayloadRow, known: _Found) -> None:
        place = (row.file, row.offset)
        if place in known.places:
            return
        known.places.add(place)
        try:
            known.items.append(self._decoded(row))
        except (DecodeError, ValueError, KeyError, TypeError, VizkitError) as error:
            known.broken.append(f"The graph record of step {row.step} cannot be read: {error}")

    def _decoded(self, row: PayloadRow) -> Any:
        if row.plugin == module_graph.PLUGIN:
            return row
        if row.plugin not in CAPTURED:
            source, count = logged_graphs.glance(self._index, row)
            skeleton = Version(row.step, Graph((), source=source or "dynamic"))
            return Head(replace(row, tag=logged_graphs.tag_of(row.tag)), source, count, skeleton)
        content = string_value(self._index.content(row))
        if row.plugin == STEPS_PLUGIN:
            return row.wall_time, decode_stretch(content)
        return _version(row, content)


def graph_log(index: Index) -> GraphLog:
    """Return the log of an index, the same for as long as that is open."""
    with _making:
        return _logs.setdefault(index, GraphLog(index))


_logs: WeakKeyDictionary[Index, GraphLog] = WeakKeyDictionary()
_making = Lock()


def _joined(found: Mapping[str, _Found]) -> RunGraphs:
    trees, heads, stretches = (found[plugin].items for plugin in CAPTURED)
    logged = [head for plugin in logged_graphs.PLUGINS for head in found[plugin].items]
    if heads:  # then the GraphDef is the copy of the first version that TensorBoard shows
        logged = [head for head in logged if head.row.tag != logged_graphs.GRAPH_DEF]
    return RunGraphs(
        trees=tuple(trees),
        heads=tuple(sorted(heads, key=lambda head: head.row.wall_time)),
        stretches=tuple(stretches),
        logged=tuple(sorted(logged, key=lambda head: (head.row.step, head.row.wall_time))),
        broken=tuple(text for each in found.values() for text in each.broken),
    )


def _version(row: PayloadRow, content: bytes) -> Head:
    record = unpack(content)
    about, graph = record["version"], record["graph"]
    skeleton = Graph((), rolled=graph.get("rolled", ""))
    parent, changes = about.get("parent", ""), tuple(about.get("changes", ()))
    version = Version(about["step"], skeleton, parent, changes)
    return Head(row, graph.get("source", "dynamic"), graph["nodes"]["count"], version)
