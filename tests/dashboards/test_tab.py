from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dashboards.harvest import MAX_BEHIND, MAX_FRAME
from dashboards.tab import RESET_PAUSE, Tab
from tests.dashboards.helpers import RUN, TAG, append
from vizkit.errors import UsageError
from vizkit.index import Index


@dataclass
class Client:
    """The browser's half: keeps what came, and each series as it would draw it."""

    tab: Tab = field(init=False)
    texts: list[dict[str, Any]] = field(default_factory=list)
    frames: int = 0
    steps: dict[int, list[float]] = field(default_factory=dict)

    async def take_text(self, text: str) -> None:
        self.texts.append(json.loads(text))

    async def take_frame(self, frame: bytes) -> None:
        self.frames += 1
        (blocks, _), offset = struct.unpack_from("<II", frame), 8
        for _ in range(blocks):
            number, count, start = struct.unpack_from("<IId", frame, offset)
            step = np.frombuffer(frame, "<f8", count, offset + 16).tolist()
            known = self.steps.setdefault(number, [])
            assert len(known) == start, "a point was lost or doubled"
            known += step
            offset += 16 + 24 * count

    def say(self, op: str, **fields: Any) -> None:
        self.tab.receive({"op": op, **fields})

    def subscribe(self, number: int = 1, tag: str = TAG, start: int = 0) -> None:
        self.steps[number] = [-1.0] * start
        self.say("subscribe", id=number, run=RUN, tag=tag, **{"from": start})


def with_tab(tmp_path: Path, act: Callable[[Index, Client], Awaitable[None]]) -> Client:
    """Run `act` while a tab is connected."""

    async def connect() -> Client:
        index, client = Index.open(tmp_path), Client()
        client.tab = Tab(index, client.take_text, client.take_frame)
        sender = asyncio.create_task(client.tab.run())
        try:
            await asyncio.wait_for(act(index, client), 10)
        finally:
            sender.cancel()
            index.close()
        return client

    return asyncio.run(connect())


async def until(predicate: Callable[[], bool]) -> None:
    while not predicate():
        await asyncio.sleep(0.002)


async def settled() -> None:
    """Give a tab that should stay silent the time to speak."""
    await asyncio.sleep(0.05)


def test_a_subscription_gets_what_is_there_and_then_what_comes(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 3)
        client.subscribe()
        await until(lambda: client.steps[1] == [0, 1, 2])
        client.say("ack")
        client.tab.wake(append(index, 2))
        await until(lambda: client.steps[1] == [0, 1, 2, 3, 4])

    with_tab(tmp_path, act)


def test_a_slow_tab_gets_one_fuller_frame_instead_of_a_queue(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 1)
        client.subscribe()
        await until(lambda: client.frames == 1)
        for _ in range(50):
            client.tab.wake(append(index, 10))
        await settled()
        assert client.frames == 1
        client.say("ack")
        await until(lambda: len(client.steps[1]) == 501)

    assert with_tab(tmp_path, act).frames == 2


def test_a_tab_that_comes_back_gets_the_rest_without_a_gap(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 100)
        client.subscribe(start=60)
        await until(lambda: client.steps[1][60:] == list(range(60, 100)))

    with_tab(tmp_path, act)


def test_a_tab_that_is_up_to_date_gets_nothing(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 5)
        client.subscribe(start=5)
        await settled()

    client = with_tab(tmp_path, act)
    assert (client.frames, client.texts) == (0, [])


def test_a_series_that_does_not_exist_yet_is_sent_once_it_does(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        client.subscribe()
        await settled()
        client.tab.wake(append(index, 2))
        await until(lambda: client.steps[1] == [0, 1])

    with_tab(tmp_path, act)


def test_a_new_attempt_resets_the_series(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 5)
        client.subscribe(start=5)
        await settled()
        client.tab.wake(append(index, 5, attempt=1))
        await until(lambda: client.texts == [{"type": "reset", "id": 1}])
        client.tab.wake(append(index, 5, attempt=1))
        await settled()

    assert with_tab(tmp_path, act).frames == 0


@pytest.mark.parametrize("start", [0, 99_999])
def test_a_tab_far_behind_or_ahead_of_the_index_reads_anew(tmp_path: Path, start: int) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, MAX_BEHIND + 1)
        client.subscribe(start=start)
        await until(lambda: client.texts == [{"type": "reset", "id": 1}])

    assert with_tab(tmp_path, act).frames == 0


def test_resets_of_a_series_come_no_faster_than_a_pause(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, MAX_BEHIND + 1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in (1, 2):
            client.subscribe(number)
            await until(lambda number=number: len(client.texts) == number)
        assert loop.time() - began >= RESET_PAUSE * 0.9

    with_tab(tmp_path, act)


def test_many_series_are_shared_out_over_frames_of_bounded_size(tmp_path: Path) -> None:
    tags = [f"t{n}" for n in range(6)]

    async def act(index: Index, client: Client) -> None:
        for number, tag in enumerate(tags):
            append(index, 15_000, tag=tag)
            client.subscribe(number, tag)
        await until(lambda: client.frames == 1)
        assert sum(map(len, client.steps.values())) <= MAX_FRAME + MAX_BEHIND
        client.say("ack")
        await until(lambda: all(len(client.steps[n]) == 15_000 for n in range(6)))

    assert with_tab(tmp_path, act).frames == 2


def test_what_was_unsubscribed_is_not_sent(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        client.subscribe()
        client.say("unsubscribe", id=1)
        client.tab.wake(append(index, 3))
        await settled()

    assert with_tab(tmp_path, act).frames == 0


def test_a_message_of_one_kind_takes_the_place_of_one_unsent(tmp_path: Path) -> None:
    async def act(_: Index, client: Client) -> None:
        for n in range(5):
            client.tab.notify("progress", {"type": "progress", "indexed": n})
        client.say("ping")
        await until(lambda: len(client.texts) == 2)

    assert with_tab(tmp_path, act).texts == [
        {"type": "progress", "indexed": 4},
        {"type": "pong"},
    ]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"op": "dance"},
        {"op": "subscribe", "id": 1},
        {"op": "subscribe", "id": -1, "run": "r", "tag": "t"},
        {"op": "subscribe", "id": 1, "run": "r", "tag": "t", "from": -5},
        {"op": "subscribe", "id": "x", "run": "r", "tag": "t"},
        {"op": ["ack"]},
    ],
)
def test_a_message_that_makes_no_sense_is_answered_not_obeyed(
    tmp_path: Path, message: dict[str, Any]
) -> None:
    async def act(_: Index, client: Client) -> None:
        with pytest.raises(UsageError):
            client.tab.receive(message)

    with_tab(tmp_path, act)
