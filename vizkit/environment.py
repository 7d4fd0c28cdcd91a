"""Where a run runs: command line, commit, machine, versions; never environment variables."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from typing import IO

from vizkit.kinds.runinfo.record import Environment
from vizkit.version import __version__

PACKAGES = ("numpy", "torch")
GIT_SECONDS = 5.0
_HIDDEN = "***"
_SECRET_FLAG = re.compile(
    r"^--?(.*[-_])?(token|password|passwd|secret|api[-_]?key|credentials?)$", re.IGNORECASE
)
_URL_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def capture_environment(started: float, rank: int | None, command: Sequence[str]) -> Environment:
    """Return what can be known at once; git is asked apart, it may take its time."""
    return Environment(
        command=hide_secrets(command),
        cwd=_cwd(),
        host=socket.gethostname(),
        pid=os.getpid(),
        python=platform.python_version(),
        versions=_versions(),
        started=started,
        rank=rank,
    )


def command_line() -> tuple[str, ...]:
    """Return how this process was started."""
    return tuple(sys.orig_argv) or tuple(sys.argv)


def rank_of_process() -> int | None:
    """Return the rank that torchrun and its like announce, or None outside of them."""
    rank = os.environ.get("RANK", "")
    return int(rank) if rank.isdecimal() else None


def hide_secrets(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command line with passwords and tokens replaced by stars."""
    shown = []
    hide_next = False
    for word in command:
        flag, equals, _ = word.partition("=")
        secret = bool(_SECRET_FLAG.match(flag))
        shown.append(_hidden(word, flag, hide_all=hide_next, hide_value=secret and bool(equals)))
        hide_next = secret and not equals
    return tuple(shown)


class GitQuestion:
    """Asks git for the commit of the working folder without making anybody wait."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        git = shutil.which("git")
        if git is None:
            return
        with suppress(OSError):
            # A file, not a pipe: a process forked meanwhile would inherit it and never end it.
            self._output = tempfile.TemporaryFile()  # noqa: SIM115
            self._process = _start_git(git, self._output)

    def answer(self, seconds: float) -> tuple[str, bool] | None:
        """Return commit and whether files differ from it; None while not known, or no answer."""
        if self._process is None:
            return None
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._process = None
        with self._output as output:
            output.seek(0)
            said = output.read().decode(errors="replace")
        return parse_git_status(said) if code == 0 else None

    @property
    def open(self) -> bool:
        """Tell whether the answer may still come."""
        return self._process is not None

    def give_up(self) -> None:
        """End git if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._output.close()


def parse_git_status(out: str) -> tuple[str, bool] | None:
    """Read `git status --porcelain=v2 --branch`."""
    lines = out.splitlines()
    commits = [line.split()[2] for line in lines if line.startswith("# branch.oid ")]
    if not commits or not re.fullmatch(r"[0-9a-f]{40,64}", commits[0]):
        return None
    return commits[0], any(not line.startswith("#") for line in lines)


def _start_git(git: str, output: IO[bytes]) -> subprocess.Popen[bytes]:
    # Without optional locks git never gets in the way of the user's own git.
    command = [git, "--no-optional-locks", "status", "--porcelain=v2", "--branch"]
    return subprocess.Popen(
        [*command, "--untracked-files=no"],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        # Lets Popen use posix_spawn. With fork it waits for the end of a pipe that every process
        # forked at that moment, such as a DataLoader's worker, holds open as long as it lives.
        close_fds=False,
    )


def _hidden(word: str, flag: str, *, hide_all: bool, hide_value: bool) -> str:
    if hide_all:
        return _HIDDEN
    return f"{flag}={_HIDDEN}" if hide_value else _URL_USER.sub(_HIDDEN, word)


def _versions() -> dict[str, str]:
    found = {"vizkit": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # the folder was removed under us
        return ""
