"""Following the event files of one run: in their order, each value in its attempt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vizkit.events.attempts import file_attempt
from vizkit.events.batch import Batch, FileFacts, Skipped, TailState
from vizkit.events.tail import GRACE, PORTION, Tail


@dataclass(frozen=True)
class Read:
    """A portion of the file named `file`, and the state behind it."""

    file: str
    batch: Batch
    state: TailState


class RunReplacedError(Exception):
    """A file of the run was replaced or cut: the run is to be read anew, from no states."""


@dataclass
class _Damage:
    regions: int = 0
    bytes: int = 0
    last: Skipped | None = None

    def add(self, skipped: Iterable[Skipped]) -> None:
        for each in skipped:
            self.regions, self.bytes, self.last = self.regions + 1, self.bytes + each.length, each

    def __str__(self) -> str:
        place = f" (last at byte {self.last.offset:,}: {self.last.reason})" if self.last else ""
        places = "place" if self.regions == 1 else "places"
        return f"{self.regions:,} damaged {places}, {self.bytes:,} bytes passed over{place}"


class RunFiles:
    """The event files of one run folder.

    states: where earlier reading ended, by file name. A file is read once all files before it by
    name were read to their ends: their last steps tell whether it is a restart.
    """

    def __init__(
        self, folder: Path, states: Mapping[str, TailState] | None = None, *, grace: float = GRACE
    ) -> None:
        self.folder = folder
        self._grace = grace
        self._tails: dict[str, Tail] = {}
        self._settled: set[str] = set()
        self._gone: set[str] = set()
        self._errors: dict[str, str] = {}
        self._damage: dict[str, _Damage] = {}
        for name, state in (states or {}).items():
            self._add(name, state)

    def update(self, names: Iterable[str]) -> None:
        """Follow these files too."""
        for name in names:
            if name not in self._tails:
                self._add(name, TailState())
        self._tails = dict(sorted(self._tails.items()))

    def _add(self, name: str, state: TailState) -> None:
        def first_attempt(facts: FileFacts) -> int:
            return file_attempt(self._earlier(name, facts), facts)

        path = self.folder / name
        self._tails[name] = Tail(path, state, first_attempt=first_attempt, grace=self._grace)

    def _earlier(self, name: str, opened: FileFacts) -> Iterator[FileFacts]:
        began = opened.first_wall or 0.0, name
        for other, tail in self._tails.items():
            if other != name and (tail.state.facts.first_wall or 0.0, other) < began:
                yield tail.state.facts

    @property
    def caught_up(self) -> bool:
        """Tell whether everything was read that can be read now."""
        return len(self._settled) == len(self._tails) and all(
            tail.caught_up
            for name, tail in self._tails.items()
            if name not in self._errors and name not in self._gone
        )

    @property
    def read_bytes(self) -> int:
        """Return how many bytes were read."""
        return sum(tail.state.offset for tail in list(self._tails.values()))

    @property
    def total_bytes(self) -> int:
        """Return how many bytes there are, as of the last look."""
        return sum(max(tail.size, tail.state.offset) for tail in list(self._tails.values()))

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by file name."""
        damage = {name: str(damage) for name, damage in list(self._damage.items())}
        return {**damage, **self._errors}

    def changed(self) -> float:
        """Return when a file last changed, seconds; 0 if none can be asked."""
        return max((_changed(tail.path) for tail in self._tails.values()), default=0.0)

    def poll(self, max_bytes: int = PORTION) -> Iterator[Read]:
        """Yield what is new: at most one portion of each file.

        Raises:
            RunReplacedError: if a file was replaced.
        """
        for name, tail in self._tails.items():
            batch = self._poll(name, tail, max_bytes)
            if batch is not None:
                yield Read(name, batch, tail.state)
            if name in self._errors or name in self._gone or tail.caught_up:
                self._settled.add(name)
            if name not in self._settled:
                return

    def _poll(self, name: str, tail: Tail, max_bytes: int) -> Batch | None:
        try:
            batch = tail.poll(max_bytes)
        except FileNotFoundError:
            self._note_gone(name, tail)
            return None
        except OSError as error:
            self._errors[name] = f"cannot be read: {error.strerror or error}"
            return None
        self._errors.pop(name, None)
        self._gone.discard(name)
        if batch is None:
            return None
        if batch.restarted:
            raise RunReplacedError(str(tail.path))
        if batch.skipped:
            self._damage.setdefault(name, _Damage()).add(batch.skipped)
        return batch

    def _note_gone(self, name: str, tail: Tail) -> None:
        """A deleted file is no problem: what it held was read. One that links nowhere is."""
        self._gone.add(name)
        if tail.path.is_symlink():
            self._errors[name] = "is a link to a file that does not exist"


def _changed(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
