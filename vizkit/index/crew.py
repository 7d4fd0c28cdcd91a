"""The processes that decode what is behind, so that this one stays free to answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from vizkit.events.decoder import Decoder, adopt
from vizkit.events.messages import EXPLORED, Done, Drop, Follow, Order, Portion
from vizkit.index.follower import Follower

IDLE_FOR = 5.0
"""Seconds after which a process that has nothing to do is ended."""

_MOST = 4
_LOSSES = 3
_HEAVY = 64 << 20


@dataclass
class _Member:
    """A process, the runs it reads by ticket, and since when it has none (monotonic seconds)."""

    decoder: Decoder
    runs: dict[int, str]
    load: int = 0
    idle: float | None = None


class Crew:
    """Hands runs to processes, and gives back what they read.

    notify: called from other threads when there is something to `take`. limit: how many processes
    there may be; by default as many as processors beside this one's, four at most.
    """

    def __init__(
        self, logdir: Path, notify: Callable[[], None], *, limit: int | None = None
    ) -> None:
        self._notify = notify
        self._limit = min(_MOST, max(1, (os.cpu_count() or 1) - 1)) if limit is None else limit
        self._tickets = count(EXPLORED + 1)
        self._of: dict[str, tuple[int, _Member]] = {}
        self._claimed: set[str] = set()
        self._losses = 0
        early = adopt(logdir)
        self._explorer = self._join(early) if early is not None else None
        self._members = [self._explorer] if self._explorer is not None else []

    @property
    def usable(self) -> bool:
        """Tell whether there are processes, or may be."""
        return self._losses < _LOSSES and self._limit > 0

    @property
    def exploring(self) -> bool:
        """Tell whether a process began to read before it was told what."""
        return self._explorer is not None

    @property
    def busy(self) -> bool:
        """Tell whether any run is being read."""
        return bool(self._of)

    def room(self) -> bool:
        """Tell whether there is a process that would soon have nothing to do."""
        return len(self._members) < self._limit or any(m.load < _HEAVY for m in self._members)

    def follow(self, followers: Iterable[Follower]) -> list[Follower]:
        """Have these runs read, the first ones first; returns those that no process can read."""
        orders: dict[int, list[Order]] = {}
        refused = []
        for follower in followers:
            member = self._member_for(follower)
            if member is None:
                refused.append(follower)
                continue
            ticket = next(self._tickets)
            member.runs[ticket], member.idle = follower.run, None
            member.load += follower.unread
            self._of[follower.run] = ticket, member
            files = follower.files
            states = files.states
            order = Order(ticket, follower.run, str(files.folder), tuple(states), states)
            orders.setdefault(self._members.index(member), []).append(order)
        for number, mine in orders.items():
            self._members[number].decoder.tell(Follow(tuple(mine)))
        return refused

    def follows(self, run: str) -> bool:
        """Tell whether a process reads the run."""
        return run in self._of

    def drop(self, run: str) -> None:
        """Have a run read no more."""
        if run in self._of:
            ticket, member = self._of.pop(run)
            self._leave(member, ticket)
            member.decoder.tell(Drop((ticket,)))
            self._claimed.discard(run)

    def settle(self) -> None:
        """Give up what was explored and not asked for since."""
        if self._explorer is not None:
            self._explorer.decoder.tell(Drop((EXPLORED,)))
            self._explorer = None

    def take(self) -> Portion | Done | None:
        """Return what a process read, or that it is done with a run; None if there is nothing."""
        for member in self._members:
            while (message := member.decoder.take()) is not None:
                if isinstance(message, (Portion, Done)) and self._current(message, member):
                    if isinstance(message, Done):
                        self._finish(message.run)
                    return message
            if member.decoder.ended:
                return self._lost(member)
        return None

    def tend(self, now: float) -> None:
        """End processes that had nothing to do for long."""
        for member in self._members:
            if member.runs or member is self._explorer:
                member.idle = None
            elif member.idle is None:
                member.idle = now
        for member in [m for m in self._members if m.idle is not None and now > m.idle + IDLE_FOR]:
            self._members.remove(member)
            member.decoder.close()

    def close(self) -> None:
        """End all processes."""
        for member in self._members:
            member.decoder.close()
        self._members, self._of = [], {}
        self._explorer, self._limit = None, 0

    def _current(self, message: Portion | Done, member: _Member) -> bool:
        ticket, mine = self._of.get(message.run, (-1, None))
        if mine is not member:
            return False
        return message.ticket == ticket or (
            message.ticket == EXPLORED and message.run in self._claimed
        )

    def _finish(self, run: str) -> None:
        ticket, member = self._of.pop(run)
        self._claimed.discard(run)
        self._leave(member, ticket)

    def _leave(self, member: _Member, ticket: int) -> None:
        member.runs.pop(ticket, None)
        if not member.runs:
            member.load = 0

    def _lost(self, member: _Member) -> Done | None:
        """Give back a run of a process that ended by itself; the process itself with the last."""
        for run in member.runs.values():
            self._finish(run)
            return Done(EXPLORED, run, "the decoding process ended")
        self._members.remove(member)
        if member is self._explorer:
            self._explorer = None
        member.decoder.close()
        self._losses += 1
        return None

    def _member_for(self, follower: Follower) -> _Member | None:
        if self._explorer is not None and follower.fresh:
            self._claimed.add(follower.run)
            return self._explorer
        lightest = min(self._members, key=lambda member: member.load, default=None)
        if lightest is None or (lightest.load > _HEAVY and len(self._members) < self._limit):
            return self._hired() or lightest
        return lightest

    def _hired(self) -> _Member | None:
        if not self.usable:
            return None
        try:
            member = self._join(Decoder())
        except OSError:
            self._losses = _LOSSES
            return None
        self._members.append(member)
        return member

    def _join(self, decoder: Decoder) -> _Member:
        decoder.notify = self._notify
        self._notify()
        return _Member(decoder, {})
