"""Finding the runs of a LOGDIR: every folder that holds event files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vizkit.events.names import is_event_file


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file or folder of the LOGDIR, in a sentence."""

    path: str
    message: str


@dataclass
class Found:
    """runs: names of the event files, by run. unread: folders that could not be listed, as runs."""

    runs: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def hides(self, run: str) -> bool:
        """Tell whether a run may be there although it was not found."""
        return any(run == each or each == "." or run.startswith(f"{each}/") for each in self.unread)


def find_runs(logdir: Path) -> Found:
    """Look through a LOGDIR and all folders below it, links followed."""
    found = Found()
    _look(logdir, ".", frozenset(), found)
    return found


def _look(folder: Path, run: str, above: frozenset[tuple[int, int]], found: Found) -> None:
    try:
        info = os.stat(folder)
        key = info.st_dev, info.st_ino
        entries = [] if key in above else list(os.scandir(folder))
    except OSError as error:
        found.unread.append(run)
        found.problems.append(Problem(str(folder), f"cannot be listed: {error.strerror}"))
        return
    names = sorted(entry.name for entry in entries if is_event_file(entry.name))
    folders = sorted(entry.name for entry in entries if _is_folder(entry))
    files = [name for name in names if name not in folders]
    if files:
        found.runs[run] = files
    found.problems += list(_odd(folder, names, files))
    for name in folders:
        _look(folder / name, name if run == "." else f"{run}/{name}", above | {key}, found)


def _odd(folder: Path, names: list[str], files: list[str]) -> Iterator[Problem]:
    for name in names:
        if name not in files and name.startswith("events.out."):
            yield Problem(str(folder / name), "is a folder, but named like an event file")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
