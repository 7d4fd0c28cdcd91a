"""Start the viewer: one uvicorn server on one socket, in the foreground or beside a training."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import uvicorn

from vizkit.errors import PortInUseError, UsageError

from .app import build_app
from .guard import LOOPBACK, WILDCARDS, Access
from .state import ViewerState, existing_folder

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8097  # Visdom's: its old scripts find us without a change
PORTS_TO_TRY = 100
START_TIMEOUT = 30.0  # seconds
GRACE = 2  # seconds for open requests when the server ends
BACKLOG = 256


@dataclass(frozen=True)
class Options:
    """How to serve one LOGDIR.

    Attributes:
        port: the port to take, 0 for any free one, None for the first free one from 8097 on.
        index_url: SQLAlchemy address of the index; SQLite in the user's cache when None.
        token: secret asked of every request; needed where `host` is not this machine alone.
    """

    logdir: Path
    host: str = DEFAULT_HOST
    port: int | None = DEFAULT_PORT
    index_url: str | None = None
    token: str | None = None
    base_path: str = "/"
    allowed_hosts: frozenset[str] = frozenset()


class Viewer:
    """A viewer that has its port and its index; `run` or `start` makes it answer."""

    def __init__(self, options: Options) -> None:
        """Take the port, then open the index.

        Raises:
            LogdirNotFoundError: if the LOGDIR is missing.
            PortInUseError: if another program listens on the port.
        """
        existing_folder(options.logdir)
        self.socket = take_port(options.host, options.port)
        self.port: int = self.socket.getsockname()[1]
        self.options = replace(options, base_path=clean_base_path(options.base_path))
        try:
            self.state = ViewerState.open(options.logdir, options.index_url)
        except BaseException:
            self.socket.close()
            raise
        self._server = _Server(self._config())
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address for a browser, with the token if one is asked for."""
        host = DEFAULT_HOST if self.options.host in WILDCARDS else self.options.host
        host = f"[{host}]" if ":" in host else host
        query = f"?token={self.options.token}" if self.options.token else ""
        return f"http://{host}:{self.port}/{query}"

    def run(self, when_ready: Callable[[], None] | None = None) -> None:
        """Serve until Ctrl+C or SIGTERM; both end it without a traceback.

        Args:
            when_ready: called once the server answers; must not block.
        """
        self._server.when_ready = when_ready
        try:
            with _quiet_signals():
                self._server.run(sockets=[self.socket])
        finally:
            self._close()

    def start(self) -> Viewer:
        """Serve on a thread of its own; returns once the server answers."""
        ready = threading.Event()
        self._server.when_ready = ready.set
        self._thread = threading.Thread(target=self._serve, args=(ready,), name="vizkit-viewer")
        self._thread.daemon = True
        self._thread.start()
        ready.wait(START_TIMEOUT)
        return self

    def stop(self) -> None:
        """End a viewer begun with `start`."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(START_TIMEOUT)
        self._close()

    def __enter__(self) -> Viewer:
        """Start on entry."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop on exit."""
        self.stop()

    def _serve(self, ready: threading.Event) -> None:
        try:
            self._server.run(sockets=[self.socket])
        finally:
            ready.set()

    def _close(self) -> None:
        self.socket.close()
        self.state.close()

    def _config(self) -> uvicorn.Config:
        access = Access(
            host=self.options.host,
            port=self.port,
            token=self.options.token,
            allowed_hosts=self.options.allowed_hosts,
            base_path=self.options.base_path,
        )
        asgi, _ = build_app(self.state, self.options.base_path, access)
        return uvicorn.Config(
            asgi,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )


class _Server(uvicorn.Server):
    """A uvicorn server that says when it answers."""

    when_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started and self.when_ready is not None:
            self.when_ready()


def open_viewer(options: Options) -> Viewer:
    """Return a viewer that is ready to `run` or `start`.

    Raises:
        UsageError: if the host is open to others and no token is set.
        LogdirNotFoundError, PortInUseError: see `Viewer`.
    """
    if options.host not in LOOPBACK and not options.token:
        raise UsageError(
            f"Host {options.host!r} can be reached from other machines: set a token, "
            "or let `vizkit serve` choose one."
        )
    return Viewer(options)


def clean_base_path(path: str) -> str:
    """Return a base path with one slash at each end."""
    inner = path.strip("/")
    return f"/{inner}/" if inner else "/"


def take_port(host: str, port: int | None) -> socket.socket:
    """Return a socket listening on the port; for None on the first free one from 8097 on.

    Raises:
        PortInUseError: if the port is taken; the text names a free one.
        UsageError: if the host is no address of this machine.
    """
    tries = range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY) if port is None else (port,)
    for candidate in tries:
        taken = _listen(host, candidate)
        if taken is not None:
            return taken
    raise PortInUseError(f"Port {tries[0]} on {host} is in use by another program.")


def next_free_port(host: str, port: int) -> int | None:
    """Return the first port after `port` that is free now, None if a hundred are taken."""
    for candidate in range(port + 1, min(port + PORTS_TO_TRY, 65_536)):
        taken = _listen(host, candidate)
        if taken is not None:
            taken.close()
            return candidate
    return None


def _listen(host: str, port: int) -> socket.socket | None:
    """Return a listening socket, or None if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere this would share a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return None
        raise UsageError(f"Cannot listen on {host!r} port {port}: {error.strerror}.") from error
    return listener


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """Keep uvicorn, which raises the signal that ended it once more, from ending us as well."""
    ours = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the server has stopped already."""
