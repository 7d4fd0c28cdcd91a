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

from dashboards.harvest import MAX_BEHIND, MAX_FRAME, Shared
from dashboards.notices import told
from dashboards.tab import RESET_PAUSE, Tab
from tests.dashboards.helpers import RUN, TAG, append
from vizkit.errors import UsageError
from vizkit.index import Index


@dataclass
class Client:
    """The browser's half: keeps what came, and each series as it would draw it."""

    shared: Shared
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

    def wake(self, changed: set[tuple[str, str]]) -> None:
        """What the hub does when something changed."""
        self.shared.renew()
        self.tab.wake(changed)

    def subscribe(self, number: int = 1, tag: str = TAG, start: int = 0) -> None:
        self.steps[number] = [-1.0] * start
        self.say("subscribe", id=number, run=RUN, tag=tag, **{"from": start})


def with_tab(tmp_path: Path, act: Callable[[Index, Client], Awaitable[None]]) -> Client:
    """Run `act` while a tab is connected."""

    async def connect() -> Client:
        index = Index.open(tmp_path)
        client = Client(Shared(index))
        client.tab = Tab(client.shared, client.take_text, client.take_frame)
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
        client.wake(append(index, 2))
        await until(lambda: client.steps[1] == [0, 1, 2, 3, 4])

    with_tab(tmp_path, act)


def test_a_slow_tab_gets_one_fuller_frame_instead_of_a_queue(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 1)
        client.subscribe()
        await until(lambda: client.frames == 1)
        for _ in range(50):
            client.wake(append(index, 10))
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
        client.wake(append(index, 2))
        await until(lambda: client.steps[1] == [0, 1])

    with_tab(tmp_path, act)


def test_a_new_attempt_resets_the_series(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 5)
        client.subscribe(start=5)
        await settled()
        client.wake(append(index, 5, attempt=1))
        await until(lambda: client.texts == [{"type": "reset", "id": 1}])
        client.wake(append(index, 5, attempt=1))
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
            append(index, 8_000, tag=tag)
            client.subscribe(number, tag)
        await until(lambda: client.frames == 1)
        assert sum(map(len, client.steps.values())) <= MAX_FRAME + MAX_BEHIND
        client.say("ack")
        await until(lambda: all(len(client.steps[n]) == 8_000 for n in range(6)))

    assert with_tab(tmp_path, act).frames == 2


def test_what_was_unsubscribed_is_not_sent(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        client.subscribe()
        client.say("unsubscribe", id=1)
        client.wake(append(index, 3))
        await settled()

    assert with_tab(tmp_path, act).frames == 0


def test_a_message_of_one_kind_takes_the_place_of_one_unsent(tmp_path: Path) -> None:
    async def act(_: Index, client: Client) -> None:
        for n in range(5):
            client.tab.notify("progress", told({"type": "progress", "indexed": n}))
        client.say("ping")
        await until(lambda: len(client.texts) == 2)

    assert with_tab(tmp_path, act).texts == [
        {"type": "progress", "indexed": 4},
        {"type": "pong"},
    ]


def test_a_series_that_was_replaced_is_not_drawn_on(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 5)
        client.subscribe(start=5)
        await settled()
        index.forget(RUN)
        client.wake(append(index, 9, first_wall=700.0))
        await until(lambda: client.texts == [{"type": "reset", "id": 1}])

    assert with_tab(tmp_path, act).frames == 0


def test_a_tab_that_comes_back_to_another_series_reads_anew(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 9)
        client.steps[1] = [-1.0] * 5
        client.say("subscribe", id=1, run=RUN, tag=TAG, last=[4.0, 4.5], **{"from": 5})
        await until(lambda: client.frames == 1)
        client.say("ack")
        client.say("subscribe", id=2, run=RUN, tag=TAG, last=[4.0, 99.0], **{"from": 5})
        await until(lambda: client.texts == [{"type": "reset", "id": 2}])

    assert with_tab(tmp_path, act).frames == 1


def test_a_paused_tab_hears_nothing_and_then_everything(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 3)
        client.subscribe()
        await until(lambda: client.frames == 1)
        client.say("ack")
        client.say("pause")
        for n in range(500):
            client.wake(append(index, 10))
            client.tab.notify("runs", told({"type": "runs", "changed": [n], "gone": []}))
            client.tab.notify(f"tags r{n}", told({"type": "tags", "run": f"r{n}"}))
        await settled()
        assert (client.frames, client.texts) == (1, [])
        client.say("resume")
        await until(lambda: len(client.steps[1]) == 5003)

    client = with_tab(tmp_path, act)
    assert client.frames == 2
    assert client.texts == [
        {"type": "runs", "changed": None, "gone": []},
        {"type": "tags", "run": None},
    ]


def test_tabs_that_show_the_same_share_what_was_read(tmp_path: Path) -> None:
    async def act(index: Index, client: Client) -> None:
        append(index, 100)
        client.subscribe(1)
        client.subscribe(2)
        await until(lambda: len(client.steps[1]) == len(client.steps[2]) == 100)
        assert client.shared.look(RUN, TAG, 0) is client.shared.look(RUN, TAG, 0)

    with_tab(tmp_path, act)


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
