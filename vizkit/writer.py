"""The thread that turns logged values into records, within 100 ms, and the run's own words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from vizkit.environment import GIT_SECONDS, GitQuestion, capture_environment
from vizkit.errors import guarded, strict, warn_once
from vizkit.events.encode import Encoder, Entry
from vizkit.events.records import (
    bytes_record,
    hparams_end_record,
    hparams_start_record,
    version_record,
)
from vizkit.kinds.runinfo import record as runinfo
from vizkit.sink import Sink

FLUSH_SECONDS = 0.05
"""Half of the 100 ms that a SIGKILL may cost: the thread may wake late, the disk be slow."""

ALIVE_SECONDS = 5.0
BURST = 20_000
"""Logs that wake the thread before its time."""

FULL = 2_000_000
"""Logs that wait for the thread at most; further ones are given up."""

CLOSE_SECONDS = 10.0
_CHUNK = 5_000
_FIRST_GIT_WAIT = 0.1
_LAST_TRIES = 3


@dataclass(frozen=True)
class Opening:
    """What is known of a run as it starts; `started` in seconds."""

    name: str
    config: Mapping[str, Any]
    command: tuple[str, ...]
    start_step: int
    total_steps: int | None
    rank: int | None
    started: float


class _Command:
    """Asks the thread to write all that was logged, and perhaps to end with these words."""

    def __init__(self, end: runinfo.End | None = None) -> None:
        self.end = end
        self.done = threading.Event()


class Writer:
    """Owns the event file of one run; only its thread touches the file.

    `entries` is the list that `Run.log` appends to; appending is all it does.
    """

    def __init__(self, folder: Path, opening: Opening) -> None:
        self.entries: list[Entry] = []
        self._opening = opening
        self._encoder = Encoder()
        self._start_records = b""
        self._sink = Sink(folder, self._file_opening)
        # SimpleQueue, because its put() may be called from a signal handler at any moment.
        self._commands: SimpleQueue[_Command] = SimpleQueue()
        self._hurried = False
        self._error: Exception | None = None
        # Here, not in the thread: whoever forks meanwhile would leave its child a held lock.
        self._git = GitQuestion()
        self._thread = threading.Thread(target=self._run, name="vizkit-writer", daemon=True)
        self._thread.start()

    def hurry(self) -> bool:
        """Wake the thread before its time; return False when so much waits that logs must go."""
        if not self._hurried:
            self._hurried = True
            self._commands.put(_Command())
        return len(self.entries) < FULL

    def flush(self, timeout: float = CLOSE_SECONDS) -> bool:
        """Wait until all that was logged before is written, as far as the disk takes it."""
        return self._ask(_Command(), timeout)

    def close(self, end: runinfo.End, timeout: float = CLOSE_SECONDS) -> bool:
        """Write all, then the run's last words; return whether it was done in time."""
        command = _Command(end)
        done = self._ask(command, timeout)
        if strict() and self._error is not None:
            raise self._error
        return done

    def forget(self) -> None:
        """Let go of the file in a forked child, where the thread does not live."""
        self.entries.clear()
        self._sink.close()

    def _ask(self, command: _Command, timeout: float) -> bool:
        if not self._thread.is_alive():
            return False
        self._commands.put(command)
        return command.done.wait(timeout)

    def _run(self) -> None:
        git = self._git
        self._safely(lambda: self._start(git))
        alive_at = time.monotonic() + ALIVE_SECONDS
        git_until = time.monotonic() + GIT_SECONDS
        command: _Command | None = None
        while command is None or command.end is None:
            command = self._wait()
            if git.open:
                self._safely(lambda: self._hear(git, git_until))
            if time.monotonic() >= alive_at:
                alive_at += ALIVE_SECONDS
                self._add_info(runinfo.Alive())
            self._safely(self._drain)
            if command is not None and command.end is None:
                command.done.set()
        git.give_up()
        end = command.end
        self._safely(lambda: self._finish(end))
        command.done.set()

    def _wait(self) -> _Command | None:
        try:
            return self._commands.get(timeout=FLUSH_SECONDS)
        except Empty:
            return None

    def _safely(self, act: Callable[[], None]) -> None:
        """Keep the thread alive whatever happens; `close` raises it under VIZKIT_STRICT=1."""
        try:
            guarded("writer", "vizkit's writer stumbled and goes on", act)
        except Exception as error:
            self._error = self._error or error

    def _drain(self) -> None:
        self._hurried = False
        self._look_for_file()
        while self.entries:
            # Loggers append meanwhile: take a part by its length, never swap the list.
            part = self.entries[:_CHUNK]
            del self.entries[: len(part)]
            self._sink.add(b"".join(self._encoder.encode_all(part)))
            if len(part) == _CHUNK:
                self._write()
        self._write()

    def _look_for_file(self) -> None:
        if self._sink.file_is_gone():
            self._encoder.forget_names()
            warn_once(
                f"gone {self._opening.name}",
                f"The file of run {self._opening.name!r} was removed; another one is begun.",
            )

    def _write(self) -> None:
        lost = self._sink.lost
        if self._sink.write() and lost:
            self._sink.lost = 0
            self._encoder.forget_names()
            self._add_info(runinfo.Gap(lost))
            self._sink.write()

    def _file_opening(self) -> bytes:
        return version_record(time.time()) + self._start_records

    def _start(self, git: GitQuestion) -> None:
        self._sink.write()
        known = self._opening
        self._hparams = hparams_start_record(known.started, known.name, known.config)
        self._start_info = runinfo.Start(
            config=known.config,
            environment=capture_environment(known.started, known.rank, known.command),
            start_step=known.start_step,
            total_steps=known.total_steps,
        )
        self._add_start(git.answer(_FIRST_GIT_WAIT))
        self._sink.add(self._hparams)
        self._sink.write()

    def _hear(self, git: GitQuestion, until: float) -> None:
        answer = git.answer(0.001)
        if answer is not None:
            self._add_start(answer)
        elif time.monotonic() > until:
            git.give_up()

    def _add_start(self, answer: tuple[str, bool] | None) -> None:
        commit, dirty = answer or (None, None)
        environment = replace(self._start_info.environment, git_commit=commit, git_dirty=dirty)
        self._start_info = replace(self._start_info, environment=environment)
        record = self._info_record(self._start_info)
        self._sink.add(record)
        self._start_records = record + self._hparams

    def _add_info(self, info: runinfo.RunInfo) -> None:
        self._sink.add(self._info_record(info))

    def _info_record(self, info: runinfo.RunInfo) -> bytes:
        content = runinfo.encode(info)
        step = self._opening.start_step
        return bytes_record(step, time.time(), runinfo.TAG, runinfo.PLUGIN, content)

    def _finish(self, end: runinfo.End) -> None:
        self._add_info(end)
        self._sink.add(hparams_end_record(time.time(), finished=end.status == "finished"))
        for _ in range(_LAST_TRIES):
            self._sink.retry_now()
            self._look_for_file()
            if self._sink.write():
                break
            time.sleep(FLUSH_SECONDS)
        if self._sink.pending:
            warn_once("unwritten", f"{self._sink.pending:,} bytes of the run were never written.")
        self._sink.close()
