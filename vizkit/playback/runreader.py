"""Reading one run straight from its event files, into memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vizkit.errors import GraphFileError
from vizkit.events.attempts import by_tag, drawn
from vizkit.events.batch import Floats, Ints, Payload, Points, Rows
from vizkit.events.runfiles import Read, RunFiles, RunReplacedError
from vizkit.events.values import string_value
from vizkit.index import facts
from vizkit.index.columns import Columns, joined
from vizkit.index.rows import RunFacts
from vizkit.kinds.finding import finding
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph import module_graph
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.versions import (
    STEPS_PLUGIN,
    VERSION_PLUGIN,
    Stretch,
    Version,
    decode_stretch,
    decode_version,
)
from vizkit.playback import logged_graphs

_READ = (module_graph.PLUGIN, VERSION_PLUGIN, STEPS_PLUGIN, finding.PLUGIN)


@dataclass(frozen=True)
class Series:
    """The points of a tag that are drawn, sorted by step; points of one step in written order.

    step: shape (n,), int64. wall_time (seconds), value: shape (n,), float64. attempt: shape (n,).
    Where a training was restarted, its later attempt takes the place of the earlier ones from its
    lowest step on. all: every point of every attempt, in the order in which it was written.
    """

    step: Ints
    wall_time: Floats
    value: Floats
    attempt: NDArray[np.int32]
    all: Columns

    def __len__(self) -> int:
        """Return how many points are drawn."""
        return int(self.step.size)


@dataclass(frozen=True)
class GraphRecord:
    """A module graph as it was recorded. content: its encoding."""

    step: int
    content: bytes


@dataclass
class _Content:
    """What the files of a run hold, as far as read."""

    parts: dict[str, list[Columns]] = field(default_factory=lambda: defaultdict(list))
    facts: RunFacts = RunFacts()
    graphs: list[GraphRecord] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    logged: list[tuple[str, Payload]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    last_wall: float | None = None
    first_wall: float | None = None


class RunReader:
    """One run. `refresh` reads what is new; everything else tells what was read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._begin()

    def _begin(self) -> None:
        self.files = RunFiles(self.folder, grace=0)
        self._content = _Content()

    def refresh(self, names: Iterable[str]) -> None:
        """Read what was added to the files with these names."""
        names = list(names)
        for _ in range(3):  # a file may be replaced while it is read
            try:
                self._read(names)
                return
            except RunReplacedError:
                self._begin()

    def _read(self, names: list[str]) -> None:
        self.files.update(names)
        while True:
            for read in self.files.poll():
                self._take(read)
            if self.files.caught_up:
                return

    def _take(self, read: Read) -> None:
        content, batch = self._content, read.batch
        if len(batch.points):
            self._take_points(batch.points)
        for rows in batch.rows:
            self._take_rows(rows, batch.attempt)
        for payload in batch.payloads:
            content.facts = facts.after(content.facts, payload)
            if payload.plugin in logged_graphs.PLUGINS:
                content.logged.append((read.file, payload))
            elif payload.plugin in _READ:
                encoded = string_value(payload.data or self._bytes(read.file, payload))
                self._take_graph(payload, encoded)
        if batch.last_wall is not None and batch.first_wall is not None:
            content.last_wall = max(content.last_wall or batch.last_wall, batch.last_wall)
            content.first_wall = min(content.first_wall or batch.first_wall, batch.first_wall)

    def _take_graph(self, payload: Payload, encoded: bytes) -> None:
        content = self._content
        try:
            if payload.plugin == VERSION_PLUGIN:
                content.versions.append(decode_version(encoded))
            elif payload.plugin == STEPS_PLUGIN:
                content.stretches.append(decode_stretch(encoded))
            elif payload.plugin == finding.PLUGIN:
                content.findings.append(finding.decode(encoded))
            else:
                content.graphs.append(GraphRecord(payload.step, encoded))
        except ValueError as error:
            content.broken.append(f"step {payload.step}: {error}")

    def _take_points(self, points: Points) -> None:
        for tag, mine in by_tag(points):
            columns = Columns(points.step, points.wall_time, points.value, points.attempt)
            self._content.parts[tag].append(columns.take(mine))

    def _take_rows(self, rows: Rows, attempt: int) -> None:
        attempts = np.full(len(rows), attempt, np.int32)
        values = rows.value.astype(np.float64)
        for position, tag in enumerate(rows.series):
            part = Columns(rows.step, rows.wall_time, values[:, position], attempts)
            self._content.parts[tag].append(part)

    def _bytes(self, file: str, payload: Payload) -> bytes:
        with open(self.folder / file, "rb") as opened:
            opened.seek(payload.offset)
            return opened.read(payload.length)

    @property
    def tags(self) -> list[str]:
        """Return the tags of the series, sorted."""
        return sorted(self._content.parts)

    @property
    def facts(self) -> RunFacts:
        """Return what the run said about itself."""
        return self._content.facts

    @property
    def graphs(self) -> list[GraphRecord]:
        """Return the module graphs in the order in which they were recorded."""
        return self._content.graphs

    @property
    def versions(self) -> list[Version]:
        """Return the graphs that ran, in the order in which they were recorded."""
        return self._content.versions

    @property
    def stretches(self) -> list[Stretch]:
        """Return which of them ran when."""
        return self._content.stretches

    def logged(self) -> dict[str, Graph]:
        """Return the graphs that were logged by name, of each tag the latest; reads them now.

        Those that cannot be read are left out, and named in `broken`.
        """
        latest = {logged_graphs.tag_of(p.tag): (file, p) for file, p in self._content.logged}
        found = {tag: self._graph(file, payload) for tag, (file, payload) in latest.items()}
        return {tag: graph for tag, graph in found.items() if graph is not None}

    def _graph(self, file: str, payload: Payload) -> Graph | None:
        try:
            data = payload.data or self._bytes(file, payload)
            return logged_graphs.decoded(payload.plugin, data)
        except (GraphFileError, OSError) as error:
            told = f"step {payload.step}, {payload.tag!r:.200}: {error}"
            if told not in self._content.broken:
                self._content.broken.append(told)
            return None

    @property
    def findings(self) -> list[Finding]:
        """Return what should be looked at, in the order in which it was recorded."""
        return self._content.findings

    @property
    def broken(self) -> list[str]:
        """Return what could not be read of the graphs, and why."""
        return self._content.broken

    @property
    def wall_times(self) -> tuple[float | None, float | None]:
        """Return the first and the newest wall time of any record."""
        return self._content.first_wall, self._content.last_wall

    @property
    def steps(self) -> tuple[int | None, int | None]:
        """Return the lowest and the highest step of any series."""
        parts = [part.step for found in self._content.parts.values() for part in found]
        lowest = min((int(step.min()) for step in parts), default=None)
        return lowest, max((int(step.max()) for step in parts), default=None)

    @property
    def attempts(self) -> int:
        """Return how many attempts there were."""
        parts = [part.attempt for found in self._content.parts.values() for part in found]
        return 1 + max((int(attempt.max()) for attempt in parts), default=0)

    @property
    def points(self) -> int:
        """Return how many points all series have."""
        return sum(len(part) for found in self._content.parts.values() for part in found)

    def series(self, tag: str) -> Series:
        """Return the points of a tag.

        Raises:
            KeyError: if there is no such tag.
        """
        parts = self._content.parts.get(tag)
        if parts is None:
            raise KeyError(tag)
        if len(parts) > 1:
            parts[:] = [joined(parts)]
        return _series(parts[0])


def _series(everything: Columns) -> Series:
    found = everything.take(drawn(everything.step, everything.attempt))
    if (found.step[1:] < found.step[:-1]).any():
        found = found.take(np.argsort(found.step, kind="stable"))
    return Series(found.step, found.wall_time, found.value, found.attempt, everything)
