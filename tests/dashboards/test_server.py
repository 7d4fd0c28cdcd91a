from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

import vizkit
from dashboards.server import Options, Viewer, clean_base_path, open_viewer
from vizkit.errors import LogdirNotFoundError, PortInUseError, UsageError
from vizkit.testing import tiny_run, wait_until


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def viewer(logdir: Path) -> Iterator[Viewer]:
    with Viewer(Options(logdir, port=0)) as running:
        yield running


class Socket:
    """A client that acknowledges every frame and keeps the points it got."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.texts: list[dict[str, Any]] = []
        self.step: list[float] = []
        self.value: list[float] = []

    def say(self, op: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"op": op, **fields}))

    def subscribe(self, run: str, tag: str) -> None:
        self.say("subscribe", id=1, run=run, tag=tag, **{"from": len(self.step)})

    def hears(self, predicate: Any, timeout: float = 10) -> bool:
        """Take messages until the predicate holds."""

        def listen() -> bool:
            if not predicate():
                self.take(self.connection.recv(timeout=timeout))
            return bool(predicate())

        return bool(wait_until(listen, timeout, every=0))

    def take(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.texts.append(json.loads(message))
            return
        _, _, _, count, start = struct.unpack_from("<IIIId", message)
        assert start == len(self.step), "a point was lost or doubled"
        columns = np.frombuffer(message, "<f8", 3 * count, 24).reshape(3, count)
        self.step += columns[0].tolist()
        self.value += columns[2].tolist()
        self.say("ack")


@contextmanager
def open_socket(viewer: Viewer) -> Iterator[Socket]:
    with connect(f"ws://127.0.0.1:{viewer.port}/ws", proxy=None) as connection:
        yield Socket(connection)


def test_the_page_and_the_api_answer_on_one_port(viewer: Viewer) -> None:
    page = httpx.get(viewer.url)
    health = httpx.get(viewer.url + "healthz").json()

    assert page.headers["content-type"].startswith("text/html")
    assert (health["status"], health["app"]) == ("ok", "vizkit")


def test_a_live_point_reaches_a_socket(viewer: Viewer, logdir: Path) -> None:
    with vizkit.Run(logdir / "live") as run, open_socket(viewer) as socket:
        socket.subscribe("live", "loss")
        for step in range(20):
            run.log({"loss": step / 2}, step=step)
        run.flush()

        assert socket.hears(lambda: len(socket.step) == 20)

    assert socket.step == list(range(20))
    assert socket.value == [step / 2 for step in range(20)]
    assert socket.texts[0]["type"] == "hello"
    assert Path(socket.texts[0]["logdir"]) == logdir


def test_new_runs_and_tags_are_announced(viewer: Viewer, logdir: Path) -> None:
    with open_socket(viewer) as socket:
        socket.hears(lambda: socket.texts)

        tiny_run(logdir)

        assert socket.hears(lambda: {"type": "tags", "run": "tiny"} in socket.texts)
        news = [text for text in socket.texts if text["type"] == "runs"]
        assert "tiny" in {row["run"] for text in news for row in text["changed"]}


def test_a_socket_that_comes_back_misses_nothing_and_gets_nothing_twice(
    viewer: Viewer, logdir: Path
) -> None:
    with vizkit.Run(logdir / "live") as run:
        with open_socket(viewer) as first:
            first.subscribe("live", "loss")
            run.log({"loss": 0.0}, step=0)
            first.hears(lambda: first.step == [0])
        for step in range(1, 500):
            run.log({"loss": float(step)}, step=step)

        with open_socket(viewer) as second:
            second.step = first.step
            second.subscribe("live", "loss")

            assert second.hears(lambda: len(second.step) == 500)

    assert second.step == list(range(500))


def test_two_tabs_get_the_same_points(viewer: Viewer, logdir: Path) -> None:
    tiny_run(logdir)

    with open_socket(viewer) as one, open_socket(viewer) as other:
        for socket in (one, other):
            socket.subscribe("tiny", "val/loss")
            socket.hears(lambda socket=socket: len(socket.step) == 20)

    assert one.value == other.value


def test_a_bad_message_is_answered_and_the_socket_lives(viewer: Viewer) -> None:
    with open_socket(viewer) as socket:
        for text in ("nonsense", "[]", '{"op": "dance"}'):
            socket.texts.clear()
            socket.connection.send(text)
            assert socket.hears(lambda: any("error" in each for each in socket.texts))
        socket.say("ping")

        assert socket.hears(lambda: {"type": "pong"} in socket.texts)


def test_a_foreign_page_cannot_open_a_socket(viewer: Viewer) -> None:
    address = f"ws://127.0.0.1:{viewer.port}/ws"

    with (
        pytest.raises(InvalidStatus),
        connect(address, proxy=None, origin="http://evil.example"),  # type: ignore[arg-type]
    ):
        pass


def test_a_run_that_is_removed_leaves_the_list(viewer: Viewer, logdir: Path) -> None:
    folder = tiny_run(logdir)
    runs = viewer.url + "api/v1/runs"
    wait_until(lambda: len(httpx.get(runs).json()) == 1)

    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()

    wait_until(lambda: httpx.get(runs).json() == [])


def test_two_viewers_of_one_folder_take_two_ports(logdir: Path) -> None:
    tiny_run(logdir)

    with Viewer(Options(logdir, port=None)) as one, Viewer(Options(logdir, port=None)) as other:
        assert one.port != other.port
        for each in (one, other):
            wait_until(lambda each=each: len(httpx.get(each.url + "api/v1/runs").json()) == 1)


def test_a_missing_folder_and_a_taken_port_are_errors(logdir: Path, viewer: Viewer) -> None:
    with pytest.raises(LogdirNotFoundError, match="nowhere"):
        Viewer(Options(logdir / "nowhere", port=0))
    with pytest.raises(PortInUseError, match=str(viewer.port)):
        Viewer(Options(logdir, port=viewer.port))


def test_a_server_open_to_all_needs_a_token(logdir: Path) -> None:
    with pytest.raises(UsageError, match="token"):
        open_viewer(Options(logdir, host="0.0.0.0", port=0))

    with open_viewer(Options(logdir, host="0.0.0.0", port=0, token="s3cret")) as viewer:
        bare = viewer.url.partition("?")[0]
        assert httpx.get(bare).status_code == 401
        assert httpx.get(viewer.url, follow_redirects=True).status_code == 200


def test_a_base_path_begins_and_ends_with_a_slash(logdir: Path) -> None:
    assert clean_base_path("user/me") == clean_base_path("/user/me/") == "/user/me/"
    assert clean_base_path("") == clean_base_path("/") == "/"

    with Viewer(Options(logdir, port=0, base_path="/user/me")) as viewer:
        page = httpx.get(f"http://127.0.0.1:{viewer.port}/user/me/scalars", timeout=60).text

    assert 'src="/user/me/_dash-component-suites/' in page
    assert 'name="vizkit-base" content="/user/me/"' in page
