"""Start the viewer: one uvicorn server on one socket, in the foreground or beside a training."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import uvicorn

from vizkit.errors import UsageError

from .app import build_app
from .guard import LOOPBACK, Access
from .ports import DEFAULT_HOST, DEFAULT_PORT, take_port, web_address
from .state import ViewerState, existing_folder

START_TIMEOUT = 30.0  # seconds
GRACE = 2  # seconds for open requests when the server ends


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
        query = f"?token={self.options.token}" if self.options.token else ""
        return web_address(self.options.host, self.port) + query

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
        asgi = build_app(self.state, self.options.base_path, access)
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
