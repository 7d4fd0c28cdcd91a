"""Keeping an index fresh: a thread that follows every event file of a LOGDIR."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vizkit.events.batch import Batch, TailState
from vizkit.events.discover import Found, Problem, find_runs
from vizkit.events.runfiles import RunReplacedError
from vizkit.index.follower import ACTIVE_PAUSE, Follower
from vizkit.index.hints import hints

Changed = set[tuple[str, str]]
_States = dict[str, dict[str, TailState]]

RESCAN_PAUSE = 0.5
"""Seconds between two looks for new runs; longer where one look takes long."""

_RETRY_PAUSE = 1.0


class Sink(Protocol):
    """What ingest asks of an index."""

    def append(self, run: str, file: str, batch: Batch, state: TailState) -> Changed:
        """Take a batch and the state behind it; return the series that changed."""

    def tail_states(self) -> Mapping[tuple[str, str], TailState]:
        """Return where reading ended, by (run, file)."""

    def forget(self, run: str) -> None:
        """Drop a run."""


@dataclass(frozen=True)
class Progress:
    """How many bytes were indexed of those found."""

    indexed: int = 0
    total: int = 0


class Ingest:
    """Reads the event files of `logdir` into `index`, and goes on as they grow.

    on_change: called in the ingest thread with the series (run, tag) that changed; with an empty
    set where a run came, went or changed its state. Runs that are behind are read in turns, the
    newest first, and never delay those that are followed live. Nothing ends the thread but `stop`:
    what cannot be read is named in `problems`.
    """

    def __init__(
        self, logdir: Path, index: Sink, *, on_change: Callable[[Changed], None] = lambda _: None
    ) -> None:
        self.logdir = Path(logdir).resolve()
        self._index, self._on_change = index, on_change
        self._followers: dict[str, Follower] = {}
        self._behind: deque[str] = deque()
        self._found: Found | None = None
        self._known: Found | None = None
        self._errors: dict[str, Problem] = {}
        self._lock = threading.Lock()
        self._stop, self._wake, self._settled = (threading.Event() for _ in range(3))
        self._threads = [
            threading.Thread(target=self._follow, name="vizkit-ingest", daemon=True),
            threading.Thread(target=self._watch, name="vizkit-discover", daemon=True),
        ]

    def start(self) -> None:
        """Begin, in threads of its own."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End within `timeout` seconds; what was appended stays in the index."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout)

    def wait_settled(self, timeout: float | None = None) -> bool:
        """Wait until everything that was there at the start is indexed; tell whether it is."""
        return self._settled.wait(timeout)

    def progress(self) -> Progress:
        """Return how far it is."""
        with self._lock:
            files = [follower.files for follower in self._followers.values()]
        return Progress(sum(f.read_bytes for f in files), sum(f.total_bytes for f in files))

    def problems(self) -> list[Problem]:
        """Return what could not be read, and why."""
        with self._lock:
            followers = list(self._followers.values())
            known = self._known.problems if self._known else []
            errors = list(self._errors.values())
        of_files = [
            Problem(str(follower.files.folder / name), message)
            for follower in followers
            for name, message in follower.files.problems().items()
        ]
        return [*known, *of_files, *errors]

    # The thread that looks for runs.

    def _watch(self) -> None:
        scanned = self._scan()
        for hint in hints(self.logdir, self._stop, RESCAN_PAUSE):
            overdue = time.monotonic() >= scanned
            if overdue or hint.listing:
                scanned = self._scan()
            for folder in hint.folders:
                self._wake_run(Path(folder))

    def _scan(self) -> float:
        """Look for runs; return when to look again."""
        begun = time.monotonic()
        found = find_runs(self.logdir)
        with self._lock:
            self._found = found
        self._wake.set()
        now = time.monotonic()
        return now + max(RESCAN_PAUSE, 10 * (now - begun))

    def _wake_run(self, folder: Path) -> None:
        if folder.is_relative_to(self.logdir):
            follower = self._followers.get(folder.relative_to(self.logdir).as_posix())
            if follower is not None and follower.due > time.monotonic() + ACTIVE_PAUSE:
                follower.wake(time.monotonic())
                self._wake.set()

    # The thread that reads.

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception as error:
                self._fail(".", error)
                self._stop.wait(_RETRY_PAUSE)

    def _turn(self) -> None:
        """Take what was found, poll the runs that are due, and one that is behind."""
        begun = time.monotonic()
        self._wake.clear()
        with self._lock:
            found, self._found = self._found, None
        if found is not None:
            self._take(found)
        for follower in [f for f in self._followers.values() if f.due <= begun and not f.behind]:
            self._poll(follower)
        behind = self._next_behind(begun)
        if behind is not None:
            self._poll(behind)
            return
        if self._known is not None and not self._behind:
            self._settled.set()
        self._pause(begun)

    def _next_behind(self, now: float) -> Follower | None:
        for _ in range(len(self._behind)):
            run = self._behind.popleft()
            follower = self._followers.get(run)
            if follower is not None and follower.due <= now:
                return follower
            if follower is not None:
                self._behind.append(run)
        return None

    def _pause(self, begun: float) -> None:
        """Sleep until the next run is due, and never less than the turn took."""
        now = time.monotonic()
        due = min((f.due for f in self._followers.values()), default=now + _RETRY_PAUSE)
        self._wake.wait(max(due - now, now - begun, 0.001))

    def _poll(self, follower: Follower) -> None:
        run = follower.run
        try:
            for read in follower.poll(time.monotonic()):
                self._on_change(self._index.append(run, read.file, read.batch, read.state))
            self._errors.pop(run, None)
        except RunReplacedError:
            self._replace(run)
        except Exception as error:
            self._fail(run, error)
            self._reopen(run)
        self._note_behind(run)

    def _note_behind(self, run: str) -> None:
        follower = self._followers.get(run)
        if follower is not None and follower.behind and run not in self._behind:
            self._behind.append(run)

    def _replace(self, run: str) -> None:
        self._forget(run)
        self._open(run, {}, time.monotonic())

    def _reopen(self, run: str) -> None:
        """Go on from what the index has, after a while."""
        self._open(run, self._states().get(run, {}), time.monotonic() + _RETRY_PAUSE)

    def _fail(self, run: str, error: Exception) -> None:
        problem = Problem(str(self.logdir / run), f"cannot be indexed: {error!r}")
        with self._lock:
            self._errors[run] = problem

    def _states(self) -> _States:
        states: _States = defaultdict(dict)
        for (run, file), state in self._index.tail_states().items():
            states[run][file] = state
        return states

    def _take(self, found: Found) -> None:
        """Begin to follow what is new, and forget what is gone."""
        first, new = self._known is None, [run for run in found.runs if run not in self._followers]
        with self._lock:
            self._known = found
        states = self._states() if first or new else {}
        gone = (self._followers.keys() | states.keys()) - found.runs.keys()
        for run in gone:
            if not found.hides(run):
                self._forget(run)
        for run in new:
            self._open(run, states.get(run, {}), time.monotonic())
        newest_last = sorted(new, key=lambda run: self._followers[run].files.changed())
        self._behind.extendleft(newest_last)
        for run, names in found.runs.items():
            self._followers[run].files.update(names)
            self._note_behind(run)

    def _open(self, run: str, states: Mapping[str, TailState], due: float) -> None:
        follower = Follower(run, self.logdir / run, states, due)
        follower.files.update(self._known.runs.get(run, ()) if self._known else ())
        with self._lock:
            self._followers[run] = follower

    def _forget(self, run: str) -> None:
        with self._lock:
            self._followers.pop(run, None)
        self._index.forget(run)
        self._on_change(set())
