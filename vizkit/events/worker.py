"""A process that decodes event files for its parent, which goes on meanwhile with other work."""

from __future__ import annotations

import os
import queue
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vizkit.events.discover import find_runs
from vizkit.events.messages import (
    EXPLORED,
    Done,
    Drop,
    Explore,
    Follow,
    Message,
    Order,
    Portion,
    receive,
    send,
)
from vizkit.events.runfiles import RunFiles, RunReplacedError

_PORTION = 4 << 20
_ORPHAN_CHECK = 2.0


@dataclass(eq=False)
class _Job:
    ticket: int
    run: str
    files: RunFiles
    done: bool = False


class Worker:
    """Reads the runs it is told to in turns, a portion at a time, and sends what they hold."""

    def __init__(self, connection: socket.socket, inbox: queue.SimpleQueue[Message]) -> None:
        self._connection, self._inbox = connection, inbox
        self._jobs: deque[_Job] = deque()
        self._explored: dict[str, _Job] = {}

    def run(self) -> None:
        """Work until the parent is gone."""
        while True:
            while not self._jobs or not self._inbox.empty():
                self.take(self._inbox.get())
            self.read()

    def take(self, message: Message) -> None:
        """Do as the parent says."""
        if isinstance(message, Explore):
            self._jobs.extend(_explored(Path(message.logdir)))
            self._explored = {job.run: job for job in self._jobs}
        elif isinstance(message, Follow):
            for order in message.orders:
                self._follow(order)
        elif isinstance(message, Drop):
            self._drop(message.tickets)

    def _follow(self, order: Order) -> None:
        explored = self._explored.pop(order.run, None)
        if explored is not None and not any(state.offset for state in order.states.values()):
            self._claim(explored, order.ticket)
            return
        if explored is not None and not explored.done:
            self._jobs.remove(explored)
        files = RunFiles(Path(order.folder), order.states)
        files.update(order.names)
        self._jobs.append(_Job(order.ticket, order.run, files))

    def _claim(self, explored: _Job, ticket: int) -> None:
        """Go on under the new ticket with what was explored from the beginning."""
        explored.ticket = ticket
        if explored.done:
            send(self._connection, Done(ticket, explored.run))

    def _drop(self, tickets: tuple[int, ...]) -> None:
        self._jobs = deque(job for job in self._jobs if job.ticket not in tickets)
        if EXPLORED in tickets:
            self._explored.clear()

    def read(self) -> None:
        """Read a portion of the run whose turn it is, and send it."""
        job, error = self._jobs.popleft(), ""
        try:
            for read in job.files.poll(_PORTION):
                send(self._connection, Portion(job.ticket, job.run, read))
            if not job.files.caught_up:
                self._jobs.append(job)
                return
        except RunReplacedError:
            pass  # the parent will see for itself
        except OSError:
            raise
        except Exception as problem:
            error = repr(problem)
        job.done = True
        send(self._connection, Done(job.ticket, job.run, error))


def _explored(logdir: Path) -> Iterable[_Job]:
    """Return a job for each run of a LOGDIR, the newest first."""
    jobs = []
    for run, names in find_runs(logdir).runs.items():
        files = RunFiles(logdir / run)
        files.update(names)
        jobs.append(_Job(EXPLORED, run, files))
    return sorted(jobs, key=lambda job: job.files.changed(), reverse=True)


def _listen(connection: socket.socket, inbox: queue.SimpleQueue[Message]) -> None:
    """Pass on what the parent says, also while a portion is decoded; end with the parent."""
    while (received := receive(connection)) is not None:
        inbox.put(received[0])
    os._exit(0)


def _watch_parent(parent: int) -> None:
    """End with the parent also where a process that it forked keeps the connection open."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_ORPHAN_CHECK)
    os._exit(0)


def main() -> None:
    """Work for the process at the other end of the socket whose number is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threads = (_listen, (connection, inbox)), (_watch_parent, (int(sys.argv[2]),))
    for target, args in threads:
        threading.Thread(target=target, args=args, daemon=True).start()
    try:
        Worker(connection, inbox).run()
    except OSError:
        os._exit(0)  # the parent is gone
