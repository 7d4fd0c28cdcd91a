"""Reading a LOGDIR from Python: straight from the event files, without a server or an index."""

from __future__ import annotations

import time
from collections.abc import Iterable
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from threading import RLock
from weakref import WeakValueDictionary

from vizkit.errors import LogdirNotFoundError, RunNotFoundError, TagNotFoundError
from vizkit.events.discover import Found, Problem, find_runs
from vizkit.kinds.finding.finding import Finding
from vizkit.kinds.graph import module_graph
from vizkit.kinds.graph.graph import Graph
from vizkit.kinds.graph.module_graph import ModuleGraph
from vizkit.playback.graphs import GraphVersion, findings_of, module_trees, unseen_of, versions_of
from vizkit.playback.run_info import RunInfo, run_info
from vizkit.playback.runreader import RunReader, Series

_opened: WeakValueDictionary[Path, Logdir] = WeakValueDictionary()
_opening = RLock()


def open_logdir(logdir: str | PathLike[str]) -> Logdir:
    """Open a folder of runs for reading; the same object as before while that is in use.

    Raises:
        LogdirNotFoundError: if there is no such folder.
    """
    folder = Path(logdir).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise LogdirNotFoundError(
            f"The folder {str(logdir)!r} {what}. Log into it with "
            f"vizkit.watch(model, optimizer, logdir={str(logdir)!r}), or pass another folder."
        )
    with _opening:
        opened = _opened.get(folder.resolve())
        if opened is None:
            opened = _opened[folder.resolve()] = Logdir(folder.resolve())
        return opened


class Logdir:
    """The runs of a folder, written by vizkit or by any TensorBoard writer.

    Every call looks at the files again and reads what is new, so a training can be followed; what
    was read stays in memory (about 28 bytes a point). May be used from several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._readers: dict[str, RunReader] = {}
        self._found = Found()
        self._lock = RLock()

    def runs(self) -> list[RunInfo]:
        """Return all runs, by name."""
        with self._lock:
            self._look()
            return [run_info(run, self._read(run), time.time()) for run in sorted(self._found.runs)]

    def tags(self, run: str) -> list[str]:
        """Return the tags of a run's series, sorted; those of vectors are `PREFIX/<name>`.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return self._read(run).tags

    def series(self, run: str, tag: str) -> Series:
        """Return all points of a series.

        Raises:
            RunNotFoundError: if there is no such run.
            TagNotFoundError: if the run has no such tag.
        """
        with self._lock:
            reader = self._read(run)
            try:
                return reader.series(tag)
            except KeyError:
                raise TagNotFoundError(
                    f"Run {run!r} has no series {tag!r:.200}; {_instead(tag, reader.tags)}"
                ) from None

    def graph_versions(self, run: str) -> list[GraphVersion]:
        """Return the forms that the model's graph had, oldest first; empty if none was recorded.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return [version for version, _ in self._graphs(run)]

    def graph(self, run: str, version: int | None = None) -> Graph | ModuleGraph:
        """Return the graph that ran: of a version, or of the last step.

        Where no backward pass was recorded it is the tree of modules alone.

        Raises:
            RunNotFoundError: if there is no such run.
            TagNotFoundError: if the run has no graph, or none of that version.
        """
        with self._lock:
            found = {each.version: (each.last_step, graph) for each, graph in self._graphs(run)}
        if not found:
            raise TagNotFoundError(
                f"Run {run!r} has no graph; vizkit.watch(model, optimizer) records one."
            )
        wanted = max(found, key=lambda each: (found[each][0], each)) if version is None else version
        if wanted not in found:
            raise TagNotFoundError(
                f"Run {run!r} has no graph version {version!r}; use one of {sorted(found)}."
            )
        return found[wanted][1]

    def graph_findings(self, run: str) -> list[tuple[int, str]]:
        """Return (step, sentence) of what a run's graph should be looked at for.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return findings_of(self._read(run).stretches)

    def logged_graphs(self, run: str) -> dict[str, Graph]:
        """Return the graphs that were logged by name, by tag; of each tag the latest.

        Those of other tools too: "graph_def" is the one that `add_graph` or TensorFlow wrote.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return self._read(run).logged()

    def findings(self, run: str) -> list[Finding]:
        """Return what should be looked at in a run, oldest first; those of its graph too.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            reader = self._read(run)
            of_graph = [Finding("graph", *each) for each in findings_of(reader.stretches)]
            return sorted([*reader.findings, *of_graph], key=_step_of)

    def graph_unseen(self, run: str) -> int:
        """Return how many steps were left out, to save time, of what the versions count.

        Raises:
            RunNotFoundError: if there is no such run.
        """
        with self._lock:
            return unseen_of(self._read(run).stretches)

    def problems(self) -> list[Problem]:
        """Return the files that could not be read, whole or in part, and why."""
        with self._lock:
            self.runs()
            of_files = [
                Problem(str(reader.folder / name), message)
                for reader in self._readers.values()
                for name, message in reader.files.problems().items()
            ]
            of_graphs = [
                Problem(str(reader.folder), f"the graph of {told}")
                for reader in self._readers.values()
                for told in reader.broken
            ]
            return [*self._found.problems, *of_files, *of_graphs]

    def _look(self) -> None:
        self._found = find_runs(self.path)
        gone = [run for run in self._readers if run not in self._found.runs]
        for run in gone:
            if not self._found.hides(run):
                del self._readers[run]

    def _read(self, run: str) -> RunReader:
        if run not in self._found.runs or not (self.path / run).is_dir():
            self._look()
        names = self._found.runs.get(run)
        if names is None:
            raise RunNotFoundError(
                f"No run {run!r:.200} under {str(self.path)!r}; {_instead(run, self._found.runs)}"
            )
        reader = self._readers.get(run)
        if reader is None:
            reader = self._readers[run] = RunReader(self.path / run)
        reader.refresh(names)
        return reader

    def _graphs(self, run: str) -> list[tuple[GraphVersion, Graph | ModuleGraph]]:
        """Return the versions with their graphs, in order of appearance."""
        reader = self._read(run)
        last_step = reader.steps[1] or 0
        captured = versions_of(reader.versions, reader.stretches, last_step)
        if captured:
            return [(version, record.graph) for version, record in captured]
        trees = module_trees([(each.step, each.content) for each in reader.graphs], last_step)
        return [(version, module_graph.decode(content)) for version, content in trees]


def _step_of(finding: Finding) -> int:
    return finding.step


def _instead(wanted: str, known: Iterable[str]) -> str:
    """Say what there is: the most similar names, else the first few."""
    known = sorted(known)
    close = get_close_matches(wanted, known, 3) or known[:5]
    if not close:
        return "there are none yet."
    return f"there is {', '.join(map(repr, close))}{' and others' * (len(known) > len(close))}."
