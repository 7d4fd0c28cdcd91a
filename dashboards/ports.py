"""Ports: taking one, finding a free one, asking who is on one. Imports no Dash."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import urllib.request

from vizkit.errors import PortInUseError, UsageError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8097  # Visdom's: its old scripts find us without a change
PORTS_TO_TRY = 100
WILDCARDS = frozenset({"0.0.0.0", "::", ""})
BACKLOG = 256
ASK_TIMEOUT = 1.0  # seconds


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


def who_answers(host: str, port: int) -> str:
    """Return in words what is on a port: another vizkit server, or something else."""
    address = web_address(host, port)
    about = _ask(address + "healthz")
    if isinstance(about, dict) and about.get("app") == "vizkit":
        return f"another vizkit server, at {address}"
    return "another program"


def web_address(host: str, port: int) -> str:
    """Return the address a browser on this machine takes to a server bound to `host`."""
    name = DEFAULT_HOST if host in WILDCARDS else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}/"


def _ask(address: str) -> object:
    # No proxy: the question is about this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=ASK_TIMEOUT) as answer:
            return json.loads(answer.read(10_000))
    except (OSError, ValueError, http.client.HTTPException):
        return None
