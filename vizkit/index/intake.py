"""What ingest does in its turns: look at runs that are due, and read those that are behind."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from vizkit.events.batch import TailState
from vizkit.events.discover import Found, Problem
from vizkit.events.messages import Done
from vizkit.events.runfiles import Read, RunReplacedError
from vizkit.index.backlog import Backlog
from vizkit.index.crew import Crew
from vizkit.index.follower import PACE, Follower, Pace
from vizkit.index.progress import Tally
from vizkit.index.schedule import Schedule
from vizkit.index.sink import Changed, Sink

_States = dict[str, dict[str, TailState]]

RETRY_PAUSE = 1.0
_ACTIVE_SHARE, _IDLE_SHARE, _IDLE_HEARING = 2e-4, 1e-3, 2e-3
"""Seconds that each run adds to the pause of those that are due with it, and of idle ones."""

_HANDED_OVER = 64


class Intake:
    """All runs of a LOGDIR, and where reading them stands. Used by one thread.

    hearing: whether changes of files are told, so that idle runs need few looks.
    """

    def __init__(
        self, logdir: Path, index: Sink, on_change: Callable[[Changed], None], crew: Crew
    ) -> None:
        self.logdir = logdir
        self.hearing = False
        self.tally = Tally()
        self._index, self._on_change, self._crew = index, on_change, crew
        self._found: Found | None = None
        self._followers: dict[str, Follower] = {}
        self._schedule, self._backlog = Schedule(), Backlog()
        self._pace = PACE
        self._alone: set[str] = set()
        self._errors: dict[str, Problem] = {}
        self._troubled: dict[str, Follower] = {}

    @property
    def settled(self) -> bool:
        """Tell whether nothing is behind."""
        return self._found is not None and not self._backlog and not self._crew.busy

    def problems(self) -> list[Problem]:
        """Return what could not be read, and why. May be asked from other threads."""
        found = self._found.problems if self._found else []
        of_files = [
            Problem(str(follower.files.folder / name), message)
            for follower in list(self._troubled.values())
            for name, message in follower.files.problems().items()
        ]
        return [*found, *of_files, *list(self._errors.values())]

    def fail(self, run: str, error: Exception) -> None:
        """Note that a run cannot be indexed for now."""
        self._errors[run] = Problem(str(self.logdir / run), f"cannot be indexed: {error!r}")

    def turn(self) -> bool:
        """Look at what is due, and read a portion of what is behind; tell whether there was any."""
        if self._found is None:
            return False  # what was explored waits until its runs are asked for
        now = time.monotonic()
        due = self._schedule.due(now)
        self._pace = self._chosen_pace(len(due))
        for run in due:
            follower = self._followers.get(run)
            if follower is not None and follower.due <= now and not self._crew.follows(run):
                self._glance(follower, now)
        self._hand_over()
        return self._take_portion() | self._read_behind()

    def rest(self) -> float:
        """Do what can wait; return for how many seconds there is nothing to do."""
        now = time.monotonic()
        self._crew.tend(now)
        return min(RETRY_PAUSE, self._schedule.next(now + RETRY_PAUSE) - now)

    def wake(self, path: Path) -> None:
        """Look at a run now, because this file of it changed."""
        if not path.is_relative_to(self.logdir):
            return
        follower = self._followers.get(path.parent.relative_to(self.logdir).as_posix())
        now = time.monotonic()
        if follower is not None and follower.wake(path.name, now):
            self._schedule.plan(follower)

    def take(self, found: Found) -> None:
        """Begin to follow what is new, and forget what is gone."""
        before, self._found = self._found, found
        new = [run for run in found.runs if run not in self._followers]
        states = self._states() if before is None or new else {}
        for run in (self._followers.keys() | states.keys()) - found.runs.keys():
            if not found.hides(run):
                self._forget(run)
        self._backlog.add_first([self._open(run, states.get(run, {})) for run in new])
        known = before.runs if before is not None else {}
        for run, names in found.runs.items():
            if run in known and known[run] != names:
                self._look(self._followers[run])
        if before is None and self._crew.exploring:
            self._hand_over(everything=True)
            self._crew.settle()

    def _glance(self, follower: Follower, now: float) -> None:
        if follower.still(now, self._pace):
            self._schedule.plan(follower)
        else:
            self._poll(follower)

    def _chosen_pace(self, crowd: int) -> Pace:
        share = _IDLE_HEARING if self.hearing else _IDLE_SHARE
        idle = max(PACE.idle, share * len(self._followers))
        return Pace(max(PACE.active, _ACTIVE_SHARE * crowd), idle)

    def _hand_over(self, *, everything: bool = False) -> None:
        """Give large runs to the crew, as long as it has room."""
        followers: list[Follower] = []
        while self._backlog.large and self._crew.usable:
            if not (everything or (self._crew.room() and len(followers) < _HANDED_OVER)):
                break
            run = self._backlog.next_large()
            if run in self._followers:
                followers.append(self._followers[run])
        for follower in self._crew.follow(followers):
            self._alone.add(follower.run)
            self._after(follower)

    def _take_portion(self) -> bool:
        message = self._crew.take()
        if message is None:
            return False
        follower = self._followers.get(message.run)
        if follower is None:
            self._crew.drop(message.run)
        elif isinstance(message, Done):
            if message.error:
                self._alone.add(message.run)
            self._poll(follower)
        else:
            self._guarded(follower, self._accepted(follower, message.read))
        return True

    def _accepted(self, follower: Follower, read: Read) -> Iterator[Read]:
        """Yield what another process read, if it follows what is known; else read it here."""
        if follower.files.accept(read):
            yield read
        else:
            self._crew.drop(follower.run)
            yield from follower.poll(time.monotonic(), self._pace)

    def _read_behind(self) -> bool:
        run = self._backlog.next_small()
        if run is None and not self._crew.usable:
            run = self._backlog.next_large()
        follower = self._followers.get(run) if run is not None else None
        if follower is not None:
            self._poll(follower)
        return run is not None

    def _poll(self, follower: Follower) -> None:
        self._guarded(follower, follower.poll(time.monotonic(), self._pace))

    def _guarded(self, follower: Follower, reads: Iterator[Read]) -> None:
        """Index what is read; where that fails, go on from what the index has after a while."""
        run = follower.run
        try:
            for read in reads:
                changed = self._index.append(run, read.file, read.batch, read.state)
                self.tally.add_points(read.batch.size)
                self._on_change(changed)
            self._errors.pop(run, None)
        except RunReplacedError:
            self._forget(run)
            follower = self._open(run, {})
        except Exception as error:
            self.fail(run, error)
            self._close(run)
            follower = self._open(run, self._states().get(run, {}), RETRY_PAUSE)
        self._after(follower)

    def _after(self, follower: Follower) -> None:
        """Note where a run stands, and when to look at it next."""
        run, now = follower.run, time.monotonic()
        self.tally.note(follower, now)
        if follower.files.troubled:
            self._troubled[run] = follower
        if self._crew.follows(run):
            return
        if follower.behind and follower.due <= now:
            self._backlog.add(follower, here=run in self._alone)
        else:
            self._alone.discard(run)
            self._schedule.plan(follower)

    def _look(self, follower: Follower) -> None:
        """See which files a run has now, and how large they are."""
        names = self._found.runs.get(follower.run, []) if self._found else []
        follower.look(names, time.monotonic())
        self.tally.note(follower, time.monotonic())
        if follower.behind and not self._crew.follows(follower.run):
            self._backlog.add(follower, here=follower.run in self._alone)

    def _open(self, run: str, states: Mapping[str, TailState], pause: float = 0.0) -> Follower:
        now = time.monotonic()
        follower = Follower(run, self.logdir / run, states, now + pause)
        self._followers[run] = follower
        self.tally.join(follower)
        names = self._found.runs.get(run, []) if self._found else []
        follower.look(names, now)
        self.tally.note(follower, now)
        return follower

    def _close(self, run: str) -> None:
        """Follow a run no more."""
        follower = self._followers.pop(run, None)
        self._troubled.pop(run, None)
        self._backlog.forget(run)
        self._crew.drop(run)
        if follower is not None:
            self.tally.leave(follower)

    def _forget(self, run: str) -> None:
        self._close(run)
        self._index.forget(run)
        self._on_change(set())

    def _states(self) -> _States:
        states: _States = defaultdict(dict)
        for (run, file), state in self._index.tail_states().items():
            states[run][file] = state
        return states
