"""`vizkit serve LOGDIR`: the dashboard, live or replayed."""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from vizkit.cli.indexing import Teller
from vizkit.errors import PortInUseError, UsageError

if TYPE_CHECKING:
    from dashboards.server import Options, Viewer

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORT = 8097
SPEEDS = (0.25, 64.0)


def add_parser(subparsers: Any) -> None:
    """Add the command to the table."""
    parser = subparsers.add_parser(
        "serve",
        help="show the runs below a folder in the browser",
        description="Show the runs below LOGDIR in the browser, live while they are written.",
        epilog="Example: vizkit serve runs",
    )
    parser.add_argument("logdir", metavar="LOGDIR", help="folder with runs (event files) below it")
    add_options(parser)
    parser.add_argument("--replay", metavar="RUN", help="open the page playing this run from start")
    parser.add_argument("--speed", type=_speed, default=1.0, help="replay speed, 0.25 to 64 (1)")
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add how to serve: what every command that opens the dashboard takes."""
    parser.add_argument("--host", default=LOOPBACK[0], help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=PORT, help="port (%(default)s; 0: any free)")
    parser.add_argument(
        "--index", metavar="URL", help="database of the index (SQLite in the cache)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--token", help="secret to ask for (made up off this machine)")
    parser.add_argument("--base-path", default="/", help="path under which a proxy shows the page")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="host name of a proxy"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl+C or SIGTERM, which end it well even while it still starts."""
    with until_stopped():
        serve(args, lambda: _viewer(args), lambda url: page_address(url, args.replay, args.speed))
    return 0


@contextmanager
def until_stopped() -> Iterator[None]:
    """Take Ctrl+C and SIGTERM for a good end of what is inside."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve(
    args: argparse.Namespace, opened: Callable[[], Viewer], address: Callable[[str], str]
) -> None:
    """Serve a viewer until it is stopped; `address` makes the page's of the viewer's."""
    viewer = opened()
    url = address(viewer.url)

    def announce() -> None:
        print(f"vizkit  {url}", flush=True)
        if not args.no_browser and has_browser():
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    teller = Teller(lambda: viewer.state.ingest.progress(), sys.stderr).start()
    try:
        viewer.run(announce)
    finally:
        teller.stop()


def page_address(url: str, replay: str | None, speed: float) -> str:
    """Return the address to open: the page itself, or one that plays a run from its start."""
    if replay is None:
        return url
    query = urlencode({"replay": replay, "speed": f"{speed:g}"})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def has_browser() -> bool:
    """Tell whether a browser window can be expected: not in CI, over SSH or without a display."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _viewer(args: argparse.Namespace) -> Viewer:
    from dashboards.state import existing_folder

    folder = existing_folder(args.logdir)
    _check_replay(folder, args.replay)
    return viewer_of(args, folder)


def viewer_of(args: argparse.Namespace, folder: Path) -> Viewer:
    """Return a viewer of a folder, with the options that were given.

    Raises:
        PortInUseError: if there is another one; it names a port that is free.
    """
    from dashboards.ports import next_free_port

    # The server takes a while to import: only once something will be served.
    from dashboards.server import open_viewer

    try:
        return open_viewer(_options(args, folder))
    except PortInUseError as error:
        free = next_free_port(args.host, args.port)
        raise PortInUseError(_port_taken(args, free)) from error


def _options(args: argparse.Namespace, folder: Path) -> Options:
    from dashboards.server import Options

    return Options(
        logdir=folder,
        host=args.host,
        port=args.port,
        index_url=args.index,
        token=args.token or _needed_token(args.host),
        base_path=args.base_path,
        allowed_hosts=frozenset(name.lower() for name in args.allow_host),
    )


def _needed_token(host: str) -> str | None:
    return None if host in LOOPBACK else secrets.token_urlsafe(24)


def _check_replay(folder: Path, run: str | None) -> None:
    if run is not None and not (folder / run).is_dir():
        raise UsageError(
            f"No run {run!r} to replay below {str(folder)!r}. `vizkit runs {folder}` lists them."
        )


def _port_taken(args: argparse.Namespace, free: int | None) -> str:
    from dashboards.ports import who_answers

    who = who_answers(args.host, args.port)
    text = f"Port {args.port} on {args.host} is in use by {who}."
    if free is None:
        return text + " Pass another one: --port N."
    return text + f" This one is free:\n  vizkit {_call(args)} --port {free}"


def _call(args: argparse.Namespace) -> str:
    """Return the command that was given, without its options."""
    words = [args.logdir] if hasattr(args, "replay") else args.files
    return shlex.join(["serve" if hasattr(args, "replay") else "graph", *map(str, words)])


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _speed(text: str) -> float:
    speed = float(text)
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise argparse.ArgumentTypeError(f"{text} is not between {SPEEDS[0]:g} and {SPEEDS[1]:g}")
    return speed
