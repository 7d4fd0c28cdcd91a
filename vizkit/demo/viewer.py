"""The dashboard beside a training: `vizkit serve` in a process without torch."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from vizkit.errors import PortInUseError, VizkitError

HOST = "127.0.0.1"
PORTS_TO_TRY = 100
END_SECONDS = 5


class Viewer:
    """A viewer process; as a context manager it ends on the way out."""

    def __init__(
        self, logdir: Path, *, port: int, browser: bool = True, replay: str | None = None
    ) -> None:
        """Start serving `logdir` on `port` or the next free one.

        Raises:
            PortInUseError: if a hundred ports are taken.
        """
        self.port = next_free_port(port)
        command = [*vizkit_command(), "serve", str(logdir), "--port", str(self.port)]
        command += [] if browser else ["--no-browser"]
        command += ["--replay", replay] if replay else []
        # A session of its own: Ctrl+C reaches the training alone, which then ends the viewer.
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def wait_until_ready(self) -> str:
        """Return the address to click, once it answers.

        Raises:
            VizkitError: if the viewer ended instead; it has said why.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise VizkitError("The dashboard did not start; --no-serve trains without it.")
        return line.split()[-1]

    def wait(self) -> None:
        """Wait until the viewer ends."""
        self._process.wait()

    def stop(self) -> None:
        """End it, if need be the hard way."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Viewer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def vizkit_command() -> list[str]:
    """Return the `vizkit` command of this very Python."""
    script = Path(sys.executable).with_name("vizkit")
    return [str(script)] if script.exists() else [sys.executable, "-m", "vizkit"]


def next_free_port(first: int) -> int:
    """Return the first free port from `first` on.

    Raises:
        PortInUseError: if a hundred are taken.
    """
    for port in range(first, min(first + PORTS_TO_TRY, 65_536)):
        if _is_free(port):
            return port
    raise PortInUseError(
        f"Port {first} and the {PORTS_TO_TRY - 1} after it are in use. Pass another one: --port N."
    )


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True
