"""Finding the runs of a LOGDIR: every folder that holds event files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vizkit.events.names import is_event_file

SETTLED_AFTER = 3.0
"""Seconds without a change after which a folder's time of change is taken at its word."""

_RELIST, _SPREAD = 60.0, 30
"""Seconds after which a folder is listed again whatever its time of change says."""

_Key = tuple[int, int]


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
    census = Census(logdir)
    census.look()
    return census.found()


class _Folder:
    """A folder as it was listed last. above: the folders over it, to end circles of links."""

    __slots__ = ("above", "children", "error", "files", "odd", "path", "relist", "run", "stamp")

    def __init__(self, path: str, run: str, above: frozenset[_Key]) -> None:
        self.path, self.run, self.above = path, run, above
        self.children: dict[str, _Folder] = {}
        self.files: list[str] = []
        self.odd: tuple[str, ...] = ()
        self.error = ""
        self.stamp: tuple[int, int, int] | None = None
        self.relist = 0.0


class Census:
    """The folders below a LOGDIR. Folders that did not change are asked for their time only."""

    def __init__(self, logdir: Path) -> None:
        self._root = _Folder(os.fspath(logdir), ".", frozenset())
        self._folders = {self._root.path: self._root}
        self._open: set[str] = set()

    def look(self) -> bool:
        """Look at every folder; tell whether anything changed."""
        return self._visit([self._root])

    def look_at(self, paths: Iterable[str]) -> bool:
        """Look at these folders, and those that changed lately; tell whether anything changed."""
        known = (self._folders.get(path) for path in {*paths, *self._open})
        return self._visit([folder for folder in known if folder is not None], below=False)

    def found(self) -> Found:
        """Return what is there, as of the last look."""
        found = Found()
        for folder in list(self._folders.values()):
            if folder.error:
                found.unread.append(folder.run)
                found.problems.append(Problem(folder.path, folder.error))
            elif folder.files:
                found.runs[folder.run] = folder.files
            for name in folder.odd:
                path = os.path.join(folder.path, name)
                found.problems.append(Problem(path, "is a folder, but named like an event file"))
        return found

    def _visit(self, folders: list[_Folder], *, below: bool = True) -> bool:
        changed, now = False, time.time()
        while folders:
            folder = folders.pop()
            before = set(folder.children)
            changed |= self._refresh(folder, now)
            children = folder.children.values()
            folders += (
                children if below else [c for n, c in folder.children.items() if n not in before]
            )
        return changed

    def _refresh(self, folder: _Folder, now: float) -> bool:
        """List a folder anew if it may have changed; tell whether what it holds did."""
        try:
            info = os.stat(folder.path)
            stamp = info.st_mtime_ns, info.st_ino, info.st_dev
            if stamp == folder.stamp and now < folder.relist:
                return False
            key = info.st_dev, info.st_ino
            entries = [] if key in folder.above else list(os.scandir(folder.path))
        except OSError as error:
            return self._lost(folder, error)
        settled = abs(now - info.st_mtime) > SETTLED_AFTER and not any(map(_dangles, entries))
        folder.stamp = stamp if settled else None
        folder.relist = now + _RELIST + info.st_ino % _SPREAD
        (self._open.discard if settled else self._open.add)(folder.path)
        return self._list(folder, entries, key)

    def _list(self, folder: _Folder, entries: list[os.DirEntry[str]], key: _Key) -> bool:
        names = sorted(entry.name for entry in entries if is_event_file(entry.name))
        folders = {entry.name for entry in entries if _is_folder(entry)}
        files = [name for name in names if name not in folders]
        changed = bool(folder.error) or files != folder.files
        folder.error = ""
        if changed:
            folder.files = files
        folder.odd = tuple(_odd(names, folders))
        for name in folder.children.keys() - folders:
            self._drop(folder.children.pop(name))
            changed = True
        for name in sorted(folders - folder.children.keys()):
            folder.children[name] = self._add(folder, name, key)
        return changed

    def _add(self, folder: _Folder, name: str, key: _Key) -> _Folder:
        run = name if folder.run == "." else f"{folder.run}/{name}"
        child = _Folder(os.path.join(folder.path, name), run, folder.above | {key})
        self._folders[child.path] = child
        return child

    def _lost(self, folder: _Folder, error: OSError) -> bool:
        """Note that a folder cannot be listed; what it held may still be there."""
        message = f"cannot be listed: {error.strerror}"
        changed = folder.error != message
        folder.error, folder.stamp, folder.files = message, None, []
        above = self._folders.get(os.path.dirname(folder.path))
        if above is not None:
            above.stamp = None  # it may be gone, and the time of change too coarse to tell
        for child in folder.children.values():
            self._drop(child)
        folder.children = {}
        self._open.add(folder.path)
        return changed

    def _drop(self, folder: _Folder) -> None:
        leaving = [folder]
        while leaving:
            gone = leaving.pop()
            self._folders.pop(gone.path, None)
            self._open.discard(gone.path)
            leaving += gone.children.values()


def _odd(names: list[str], folders: set[str]) -> Iterator[str]:
    return (name for name in names if name in folders and name.startswith("events.out."))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _dangles(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a link that leads nowhere for now."""
    return entry.is_symlink() and not os.path.exists(entry.path)
