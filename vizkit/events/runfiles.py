"""Following the event files of one run: in their order, each value in its attempt."""

from __future__ import annotations

import os
import time
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vizkit.events.attempts import file_attempt
from vizkit.events.batch import Batch, FileFacts, TailState
from vizkit.events.damage import Damage
from vizkit.events.tail import GRACE, PORTION, Tail

_AWAKE_FOR = 10.0
_FEW = 8
_SHARES = 64


@dataclass(frozen=True)
class Read:
    """A portion of the file named `file`, from offset `begin` on, and the state behind it."""

    file: str
    begin: int
    batch: Batch
    state: TailState


class RunReplacedError(Exception):
    """A file of the run was replaced or cut: the run is to be read anew, from no states."""


class RunFiles:
    """The event files of one run folder.

    states: where earlier reading ended, by file name. A file is read once all files before it by
    name were read to their ends: their last steps tell whether it is a restart.
    read_bytes, total_bytes: how much was read, and how much there is as of the last look.
    """

    def __init__(
        self, folder: Path, states: Mapping[str, TailState] | None = None, *, grace: float = GRACE
    ) -> None:
        self.folder = folder
        self.read_bytes = self.total_bytes = 0
        self._grace = grace
        self._tails: dict[str, Tail] = {}
        self._unsettled: list[str] = []
        self._growing: set[str] = set()
        self._awake: dict[str, float] = {}
        self._turn = 0
        self._gone: set[str] = set()
        self._errors: dict[str, str] = {}
        self._damage: dict[str, Damage] = {}
        for name, state in (states or {}).items():
            self._add(name, state)

    def update(self, names: Iterable[str]) -> bool:
        """Follow these files too; tells whether any of them is new."""
        new = [name for name in names if name not in self._tails]
        for name in new:
            self._add(name, TailState())
        return bool(new)

    def _add(self, name: str, state: TailState) -> None:
        def first_attempt(facts: FileFacts) -> int:
            return file_attempt(self._earlier(name, facts), facts)

        path = self.folder / name
        self._tails[name] = Tail(path, state, first_attempt=first_attempt, grace=self._grace)
        self.read_bytes += state.offset
        self.total_bytes += state.offset
        insort(self._unsettled, name)

    def _earlier(self, name: str, opened: FileFacts) -> Iterator[FileFacts]:
        began = opened.first_wall or 0.0, name
        for other, tail in self._tails.items():
            if other != name and (tail.state.facts.first_wall or 0.0, other) < began:
                yield tail.state.facts

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self._tails)

    @property
    def caught_up(self) -> bool:
        """Tell whether everything was read that can be read now."""
        return not self._unsettled and not self._growing

    @property
    def files_done(self) -> int:
        """Return how many files were read to their ends."""
        return len(self._tails) - len(self._growing.union(self._unsettled))

    @property
    def states(self) -> dict[str, TailState]:
        """Return where reading ended, by file name."""
        return {name: tail.state for name, tail in self._tails.items()}

    @property
    def troubled(self) -> bool:
        """Tell whether there are problems."""
        return bool(self._damage or self._errors)

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by file name."""
        damage = {name: str(damage) for name, damage in list(self._damage.items())}
        return {**damage, **self._errors}

    def wake(self, name: str) -> bool:
        """Look at a file at the next poll; tells whether it would not be looked at otherwise."""
        asleep = name in self._tails and name not in self._awake
        if asleep:
            self._awake[name] = time.monotonic()
        return asleep

    def changed(self) -> float:
        """Ask how large the files are, and return when one changed last: seconds, or 0."""
        changed = 0.0
        for tail in self._tails.values():
            before = tail.total
            changed = max(changed, tail.look())
            self.total_bytes += tail.total - before
        return changed

    def still(self) -> bool:
        """Tell whether nothing changed since the last poll; of many files this is not asked."""
        if self._unsettled or self._growing or len(self._tails) > _FEW:
            return False
        return all(tail.still() for tail in self._tails.values())

    def accept(self, read: Read) -> bool:
        """Take over what was read elsewhere; False if it does not follow what is known here."""
        tail = self._tails.get(read.file)
        if tail is None:
            return False
        before = tail.state.offset, tail.total
        if not tail.accept(read.begin, read.state):
            return False
        self._note(read.file, tail, before, read.batch)
        return True

    def poll(self, max_bytes: int = PORTION, *, every: bool = True) -> Iterator[Read]:
        """Yield what is new: at most one portion of each file, and of new files about one in all.

        every: look at each file. Otherwise at those that grew lately, and of many others at some.

        Raises:
            RunReplacedError: if a file was replaced.
        """
        room = max_bytes
        for name in self._chosen(every):
            yield from self._poll(name, max_bytes)
        while self._unsettled and room > 0:
            name = self._unsettled[0]
            for read in self._poll(name, max_bytes):
                room -= read.batch.end - read.begin
                yield read
            if name in self._growing:
                return
            self._unsettled.remove(name)

    def _chosen(self, every: bool) -> list[str]:
        """Return the settled files to look at now."""
        names = list(self._tails)
        if not every and len(names) > _FEW:
            size = max(_FEW, len(names) // _SHARES)
            self._turn = self._turn + size if self._turn + size < len(names) else 0
            horizon = time.monotonic() - _AWAKE_FOR
            self._awake = {name: grew for name, grew in self._awake.items() if grew > horizon}
            names = [*self._awake, *self._growing, *names[self._turn : self._turn + size]]
        waiting = set(self._unsettled)
        return sorted({name for name in names if name not in waiting})

    def _poll(self, name: str, max_bytes: int) -> Iterator[Read]:
        tail = self._tails[name]
        before = tail.state.offset, tail.total
        batch = self._batch(name, tail, max_bytes)
        self._note(name, tail, before, batch)
        if batch is not None:
            yield Read(name, before[0], batch, tail.state)

    def _batch(self, name: str, tail: Tail, max_bytes: int) -> Batch | None:
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
        if batch is not None and batch.restarted:
            raise RunReplacedError(str(tail.path))
        return batch

    def _note(self, name: str, tail: Tail, before: tuple[int, int], batch: Batch | None) -> None:
        self.read_bytes += tail.state.offset - before[0]
        self.total_bytes += tail.total - before[1]
        if tail.caught_up or name in self._errors or name in self._gone:
            self._growing.discard(name)
        else:
            self._growing.add(name)
        if batch is not None:
            self._awake[name] = time.monotonic()
            if batch.skipped:
                self._damage.setdefault(name, Damage()).add(batch.skipped)

    def _note_gone(self, name: str, tail: Tail) -> None:
        """A deleted file is no problem: what it held was read. One that links nowhere is."""
        self._gone.add(name)
        if os.path.islink(tail.path):
            self._errors[name] = "is a link to a file that does not exist"
