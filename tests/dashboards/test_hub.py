from __future__ import annotations

import asyncio
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

    def heard(self, word: str) -> int:
        return sum(f'"{word}"' in text for text in self.texts)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ViewerState]:
    state = ViewerState.open(tmp_path)
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
        await asyncio.sleep(0.01)
        for _ in range(50):
            hub.tell({("r", "loss")})
            await asyncio.sleep(0.005)
        await until(lambda: websocket.heard("runs"))

    websocket = with_tab(state, act)
    assert websocket.heard("runs") <= 2
    assert websocket.heard("tags") == 1


def test_a_change_without_series_is_news_about_runs(state: ViewerState) -> None:
    async def act(hub: Hub, websocket: Websocket) -> None:
        hub.tell(set())
        await until(lambda: websocket.heard("runs"))

    with_tab(state, act)


def test_tags_are_announced_again_after_runs_came_or_went(state: ViewerState) -> None:
    async def act(hub: Hub, websocket: Websocket) -> None:
        hub.tell({("r", "loss")})
        await until(lambda: websocket.heard("tags") == 1)
        hub.tell(set())
        hub.tell({("r", "loss")})
        await until(lambda: websocket.heard("tags") == 2)

    with_tab(state, act)


def test_changes_before_and_after_the_loop_are_harmless(state: ViewerState) -> None:
    hub = Hub(state)
    hub.tell({("r", "loss")})

    async def live_and_die() -> None:
        async with hub.running():
            pass

    asyncio.run(live_and_die())
    hub.tell({("r", "loss")})
