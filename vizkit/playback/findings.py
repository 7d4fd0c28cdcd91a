"""What should be looked at in a run, as far as it was known at the playhead."""

from __future__ import annotations

from functools import lru_cache

from vizkit.events.values import string_value
from vizkit.index import Index
from vizkit.index.rows import PayloadRow
from vizkit.kinds.finding import finding
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph.versions import STEPS_PLUGIN, decode_stretch

OF_GRAPH = "graph"
"""The kind of a finding that the recorder of the graph made."""


def findings(index: Index, run: str, until: float | None = None) -> list[Finding]:
    """Return a run's findings, logged ones and those of its graph, by step; none of a stranger.

    until: a step; what lies behind it is not known. What cannot be read is left out.
    """
    rows = [row for plugin in (finding.PLUGIN, STEPS_PLUGIN) for row in index.payloads(run, plugin)]
    found = [each for row in rows for each in _read(row.plugin, _content(index, row))]
    known = [each for each in found if until is None or each.step <= until]
    return sorted(known, key=lambda each: each.step)


def _content(index: Index, row: PayloadRow) -> bytes:
    return row.data if row.data is not None else index.content(row)


@lru_cache(4096)
def _read(plugin: str, content: bytes) -> tuple[Finding, ...]:
    try:
        encoded = string_value(content)
        if plugin == finding.PLUGIN:
            return (finding.decode(encoded),)
        return tuple(Finding(OF_GRAPH, *each) for each in decode_stretch(encoded).findings)
    except ValueError:
        return ()
