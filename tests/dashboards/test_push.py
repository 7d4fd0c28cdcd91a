"""Push as clients meet it: some read nothing, some come back to another server, some are many."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

import vizkit
from dashboards.harvest import MAX_BEHIND, MAX_FRAME
from dashboards.server import Options, Viewer
from tests.dashboards.helpers import RUN, append
from vizkit.testing import free_port, make_run, wait_until

SERIES, PORTION, PORTIONS = 20, 500, 100  # a million points in all
MOST_BUFFERED = (MAX_FRAME + MAX_BEHIND) * 24 + (256 << 10)


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def viewer(logdir: Path) -> Iterator[Viewer]:
    with Viewer(Options(logdir, port=0)) as running:
        assert running.state.ingest.wait_settled(10)
        yield running


class Client:
    """Keeps each series as a chart would, by the number of its subscription."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.texts: list[dict[str, Any]] = []
        self.step: dict[int, list[float]] = {}
        self.last: dict[int, list[float]] = {}

    def say(self, op: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"op": op, **fields}))

    def subscribe(self, number: int, run: str, tag: str = "loss", **more: Any) -> None:
        start = len(self.step.setdefault(number, []))
        self.say("subscribe", id=number, run=run, tag=tag, **{"from": start}, **more)

    def hear(self, *, ack: bool = True) -> None:
        message = self.connection.recv(timeout=20)
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            return
        self._take(message)
        if ack:
            self.say("ack")

    def _take(self, frame: bytes) -> None:
        blocks, offset = struct.unpack_from("<I", frame)[0], 8
        for _ in range(blocks):
            number, count, start = struct.unpack_from("<IId", frame, offset)
            columns = np.frombuffer(frame, "<f8", 3 * count, offset + 16).reshape(3, count)
            assert start == len(self.step[number]), "a point was lost or doubled"
            self.step[number] += columns[0].tolist()
            self.last[number] = [columns[0, -1], columns[1, -1]]
            offset += 16 + 24 * count

    def resets(self) -> set[int]:
        return {text["id"] for text in self.texts if text["type"] == "reset"}


def connected(stack: ExitStack, viewer: Viewer) -> Client:
    address = f"ws://127.0.0.1:{viewer.port}/ws"
    return Client(stack.enter_context(connect(address, proxy=None)))


def deaf(viewer: Viewer) -> socket.socket:
    """Open a websocket that takes as little as a socket can, and never reads again."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", viewer.port))
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    client.sendall(head.encode())
    assert client.recv(100).startswith(b"HTTP/1.1 101")
    return client


def say_masked(client: socket.socket, **message: Any) -> None:
    text = json.dumps(message).encode()
    client.sendall(struct.pack(">BBH4x", 0x81, 0x80 | 126, len(text)) + text)


def buffered(viewer: Viewer) -> int:
    """Return how many bytes wait in the server for clients to read them."""
    connections = viewer._server.server_state.connections
    return sum(each.transport.get_write_buffer_size() for each in connections)


def grow(viewer: Viewer, count: int) -> None:
    for number in range(SERIES):
        changed = append(viewer.state.index, count, tag=f"t{number}")
        for listener in viewer.state.listeners:
            listener(changed)


def test_a_client_that_never_reads_costs_one_frame_at_most(viewer: Viewer) -> None:
    client = deaf(viewer)
    for number in range(SERIES):
        say_masked(client, op="subscribe", id=number, run=RUN, tag=f"t{number}")
    most = 0

    for _ in range(PORTIONS):
        grow(viewer, PORTION)
        say_masked(client, op="ack")  # it lies about what it took
        most = max(most, buffered(viewer))

    assert viewer.state.index.runs()[0].points == SERIES * PORTION * PORTIONS
    assert 0 < most <= MOST_BUFFERED
    client.close()


def test_a_client_that_wakes_late_gets_a_reset_or_the_rest(viewer: Viewer) -> None:
    with ExitStack() as stack:
        client = connected(stack, viewer)
        for number in range(SERIES):
            client.subscribe(number, RUN, f"t{number}")
        grow(viewer, 10)
        while not any(client.step.values()):
            client.hear(ack=False)  # from here on it takes nothing

        for _ in range(MAX_BEHIND // PORTION - 1):
            grow(viewer, PORTION)
        append(viewer.state.index, 2 * PORTION, tag="t0")  # more than can be caught up with
        client.say("ack")

        total = 10 + MAX_BEHIND - PORTION
        while {n for n in range(1, SERIES) if len(client.step[n]) < total} or not client.resets():
            client.hear()
        assert client.resets() == {0}


def test_a_client_goes_on_at_a_server_that_started_again(logdir: Path) -> None:
    port = free_port()
    with ExitStack() as stack, vizkit.Run(logdir / "live") as run:
        with Viewer(Options(logdir, port=port)) as first:
            client = connected(stack, first)
            client.subscribe(1, "live")
            for step in range(100):
                run.log({"loss": float(step)}, step=step)
            while len(client.step[1]) < 100:
                client.hear()
        for step in range(100, 200):
            run.log({"loss": float(step)}, step=step)
        run.flush()

        with Viewer(Options(logdir, port=port)) as second:
            again = connected(stack, second)
            again.step, again.last = client.step, client.last
            again.subscribe(1, "live", last=client.last[1])
            while len(again.step[1]) < 200:
                again.hear()

        assert again.step[1] == list(range(200))


def test_a_run_replaced_while_the_server_was_down_is_read_anew(logdir: Path) -> None:
    port = free_port()
    make_run(logdir / "r", {"loss": [(step, 1.0) for step in range(50)]}, started=1_700_000_000)
    with ExitStack() as stack:
        with Viewer(Options(logdir, port=port)) as first:
            client = connected(stack, first)
            client.subscribe(1, "r")
            while len(client.step[1]) < 50:
                client.hear()
        shutil.rmtree(logdir / "r")
        make_run(logdir / "r", {"loss": [(step, 2.0) for step in range(80)]}, started=1_700_009_999)

        with Viewer(Options(logdir, port=port)) as second:
            assert second.state.ingest.wait_settled(10)
            again = connected(stack, second)
            again.step = client.step
            again.subscribe(1, "r", last=client.last[1])
            while 1 not in again.resets():
                again.hear()

        assert len(again.step[1]) == 50


def test_many_clients_all_get_every_point(viewer: Viewer) -> None:
    with ExitStack() as stack:
        clients = [connected(stack, viewer) for _ in range(20)]
        for client in clients:
            for number in range(5):
                client.subscribe(number, RUN, f"t{number}")
        for _ in range(20):
            grow(viewer, 7)

        for client in clients:
            while sum(map(len, client.step.values())) < 5 * 140:
                client.hear()

        assert all(client.step[4] == list(range(140)) for client in clients)


def test_a_window_that_did_not_change_is_not_read_again(viewer: Viewer) -> None:
    grow(viewer, 10)
    address = f"{viewer.url}api/v1/series?run={RUN}&tag=t1"
    known = httpx.get(address).headers["etag"]

    def ask() -> int:
        return httpx.get(address, headers={"if-none-match": known}).status_code

    assert ask() == 304
    grow(viewer, 1)
    assert wait_until(lambda: ask() == 200, timeout=5)
