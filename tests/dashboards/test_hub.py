from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from dashboards.hub import Hub
from dashboards.state import ViewerState
from tests.dashboards.helpers import append


@dataclass
class Websocket:
    """A tab as the hub sees one: says what the test put in, keeps what the hub sent."""

    says: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    texts: list[str] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)

    async def accept(self) -> None:
        pass

    async def receive_text(self) -> str:
        text = await self.says.get()
        if text is None:
            raise WebSocketDisconnect
        return text

    async def send_text(self, text: str) -> None:
        self.texts.append(text)

    async def send_bytes(self, frame: bytes) -> None:
        self.frames.append(frame)

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one type."""
        return [each for each in map(json.loads, self.texts) if each["type"] == kind]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ViewerState]:
    state = ViewerState.open(tmp_path)
    assert state.ingest.wait_settled(10)  # it forgets runs that have no folder at the start
    yield state
    state.close()


def with_tab(state: ViewerState, act: Callable[[Hub, Websocket], Awaitable[None]]) -> Websocket:
    async def connect() -> Websocket:
        hub, websocket = Hub(state), Websocket()
        async with hub.running():
            served = asyncio.create_task(hub.serve(websocket))  # type: ignore[arg-type]
            await until(lambda: websocket.texts)
            await asyncio.wait_for(act(hub, websocket), 10)
            websocket.says.put_nowait(None)
            await served
        return websocket

    return asyncio.run(connect())


async def until(predicate: Callable[[], Any]) -> None:
    while not predicate():
        await asyncio.sleep(0.002)


def test_a_tab_is_greeted(state: ViewerState) -> None:
    async def act(_: Hub, websocket: Websocket) -> None:
        await until(lambda: websocket.heard("hello"))

    assert str(state.logdir) in with_tab(state, act).texts[0]


def test_a_change_told_from_another_thread_wakes_who_subscribed(state: ViewerState) -> None:
    async def act(hub: Hub, websocket: Websocket) -> None:
        changed = append(state.index, 3)
        websocket.says.put_nowait('{"op": "subscribe", "id": 1, "run": "r", "tag": "loss"}')
        await until(lambda: len(websocket.frames) == 1)
        websocket.says.put_nowait('{"op": "ack"}')
        append(state.index, 3)
        await asyncio.to_thread(hub.tell, changed)
        await until(lambda: len(websocket.frames) == 2)

    with_tab(state, act)


def test_a_burst_of_changes_is_two_messages_about_runs(state: ViewerState) -> None:
    async def act(hub: Hub, websocket: Websocket) -> None:
        for _ in range(50):
            hub.tell(append(state.index, 1))
            await asyncio.sleep(0.005)
        await until(lambda: websocket.heard("runs"))

    websocket = with_tab(state, act)
    assert len(websocket.heard("runs")) <= 2
    assert websocket.heard("tags") == [{"type": "tags", "run": "r"}]


def test_the_rows_of_changed_runs_are_sent_along(state: ViewerState) -> None:
    async def act(hub: Hub, websocket: Websocket) -> None:
        hub.tell(append(state.index, 7))
        await until(lambda: websocket.heard("runs"))

    [news] = with_tab(state, act).heard("runs")
    assert [(row["run"], row["points"], row["n_tags"]) for row in news["changed"]] == [("r", 7, 1)]
    assert news["gone"] == []


def test_a_run_that_went_is_named(state: ViewerState) -> None:
    append(state.index, 1)

    async def act(hub: Hub, websocket: Websocket) -> None:
        state.index.forget("r")
        hub.tell(set())
        await until(lambda: websocket.heard("runs"))

    [news] = with_tab(state, act).heard("runs")
    assert (news["changed"], news["gone"]) == ([], ["r"])


def test_nothing_is_said_where_nothing_changed(state: ViewerState) -> None:
    append(state.index, 1)

    async def act(hub: Hub, websocket: Websocket) -> None:
        hub.tell(set())
        await asyncio.sleep(0.1)

    assert with_tab(state, act).heard("runs") == []


def test_how_far_indexing_is_is_said_at_once(state: ViewerState) -> None:
    async def act(_: Hub, websocket: Websocket) -> None:
        await until(lambda: websocket.heard("progress"))

    [told] = with_tab(state, act).heard("progress")
    assert told["done"] is True


def test_changes_before_and_after_the_loop_are_harmless(state: ViewerState) -> None:
    hub = Hub(state)
    hub.tell({("r", "loss")})

    async def live_and_die() -> None:
        async with hub.running():
            pass

    asyncio.run(live_and_die())
    hub.tell({("r", "loss")})
