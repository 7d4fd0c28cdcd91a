"""What a decoding process and its parent say to each other: pickles, and columns beside them."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct

from vizkit.events.batch import TailState
from vizkit.events.runfiles import Read

_HEAD = Struct("<III")  # bytes of the pickle, of the table of sizes, of the columns' padding
_SIZE = Struct("<Q")
_ALIGNED = 8


EXPLORED = 0
"""The ticket of what nobody asked for yet."""


@dataclass(frozen=True)
class Order:
    """The files of a run to be read on from their states, to their ends."""

    ticket: int
    run: str
    folder: str
    names: tuple[str, ...] = ()
    states: Mapping[str, TailState] = field(default_factory=dict)


@dataclass(frozen=True)
class Follow:
    """Read these runs, in turns."""

    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Explore:
    """Read all runs below a folder from their beginnings, the newest first, as EXPLORED."""

    logdir: str


@dataclass(frozen=True)
class Drop:
    """Read on no more under these tickets."""

    tickets: tuple[int, ...]


@dataclass(frozen=True)
class Portion:
    """What was read under a ticket."""

    ticket: int
    run: str
    read: Read


@dataclass(frozen=True)
class Done:
    """There is no more to read under a ticket, or it failed. error: "" if it did not."""

    ticket: int
    run: str
    error: str = ""


Message = Follow | Explore | Drop | Portion | Done


def send(connection: socket.socket, message: Message) -> None:
    """Send a message; waits until the other side has room for it.

    Raises:
        OSError: if the other side is gone.
    """
    columns: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=columns.append)
    views = [column.raw() for column in columns]
    sizes = b"".join(_SIZE.pack(view.nbytes) for view in views)
    pad = -(len(body) + len(sizes)) % _ALIGNED
    connection.sendall(_HEAD.pack(len(body), len(sizes), pad) + sizes + body + bytes(pad))
    for view in views:
        connection.sendall(view)
        connection.sendall(bytes(-view.nbytes % _ALIGNED))


def receive(connection: socket.socket) -> tuple[Message, int] | None:
    """Wait for a message; returns it and its size in bytes, or None if the other side is gone.

    Each wait gives way to other threads, and getting back takes milliseconds while one of them is
    busy. So a message is waited for three times, however large it is.
    """
    head = _exactly(connection, _HEAD.size)
    if head is None:
        return None
    body_size, table_size, pad = _HEAD.unpack(head)
    start = _exactly(connection, table_size + body_size + pad)
    if start is None:
        return None
    sizes = [size for (size,) in _SIZE.iter_unpack(start[:table_size])]
    steps = [size + -size % _ALIGNED for size in sizes]
    columns = _exactly(connection, sum(steps))
    if columns is None:
        return None
    views, at = [], 0
    for size, step in zip(sizes, steps, strict=True):
        views.append(columns[at : at + size])
        at += step
    message: Message = pickle.loads(start[table_size : table_size + body_size], buffers=views)
    return message, len(start) + len(columns)


def _exactly(connection: socket.socket, count: int) -> memoryview | None:
    """Return so many bytes, or None if the other side is gone before."""
    view = memoryview(bytearray(count))
    got = 0
    while got < count:
        try:
            more = connection.recv_into(view[got:], count - got, socket.MSG_WAITALL)
        except ConnectionError:
            return None
        if not more:
            return None
        got += more
    return view
