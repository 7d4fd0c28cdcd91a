"""One browser tab: what it subscribed to, what it has been sent, and when it may get more.

Nothing is queued. A tab remembers ordinals and which series moved; points are read from the index
when the tab has taken the frame before, so a slow tab costs no memory: its frames just get fuller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from vizkit.errors import UsageError

from .harvest import Key, Shared, Subscription, harvest, keys_of
from .notices import Notices, told
from .wire import Block, pack_frame

# Threads of their own: live points do not wait behind the windows that other tabs ask for.
READERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="vizkit-push")
RESET_PAUSE = 0.5  # seconds between two resets of one series, while a backlog is being indexed


class Tab:
    """The server's half of one websocket. All of it runs on the event loop, but for `harvest`.

    Args:
        shared: reads the points.
        send_text: sends one text message, waiting while the socket is full.
        send_bytes: sends one binary message likewise.
        pace: tells how many seconds to wait between two frames.
    """

    def __init__(
        self,
        shared: Shared,
        send_text: Callable[[str], Awaitable[None]],
        send_bytes: Callable[[bytes], Awaitable[None]],
        pace: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._shared = shared
        self._send_text = send_text
        self._send_bytes = send_bytes
        self._pace = pace
        self._by_id: dict[int, Subscription] = {}
        self._by_key: dict[Key, set[Subscription]] = {}
        self._moved: dict[Subscription, None] = {}  # an ordered set
        self._notices = Notices()
        self._last_reset: dict[Key, float] = {}
        self._may_send = True
        self._paused = False
        self._news = asyncio.Event()

    def wake(self, changed: Iterable[Key]) -> None:
        """Look again at the subscribed series among those that changed."""
        if self._paused:
            return
        for key in self._by_key.keys() & changed:
            self._mark(self._by_key[key])

    def notify(self, key: str, text: str) -> None:
        """Send a text message soon; a later one of the same key takes the place of one unsent."""
        self._notices.put(key, text)
        if self._paused:
            self._notices.merge()
        self._news.set()

    def receive(self, message: Mapping[str, Any]) -> None:
        """Act on one message of the client.

        Raises:
            UsageError: if the message makes no sense; the text says why.
        """
        act = self._ACTIONS.get(str(message.get("op")))
        if act is None:
            known = ", ".join(self._ACTIONS)
            raise UsageError(f"Unknown op {message.get('op')!r}; known are {known}.")
        try:
            act(self, message)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"A field of {dict(message)!r} is missing or wrong: {error}") from None

    async def run(self) -> None:
        """Send what there is to send, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self._paused:
                continue
            for text in self._notices.take():
                await self._send_text(text)
            if self._may_send and self._moved:
                await self._send_frame()
                await asyncio.sleep(self._pace())

    def _subscribe(self, message: Mapping[str, Any]) -> None:
        number, start = int(message["id"]), int(message.get("from", 0))
        if not 0 <= number < 2**32 or start < 0:
            raise ValueError("id must fit 32 bits, from must not be negative")
        self._drop(number)
        last = message.get("last")
        seen = (float(last[0]), float(last[1] or 0.0)) if last is not None and start else None
        new = Subscription(number, str(message["run"]), str(message["tag"]), start, seen)
        self._by_id[number] = new
        for key in keys_of(new.run, new.tag):
            self._by_key.setdefault(key, set()).add(new)
        self._mark([new])

    def _unsubscribe(self, message: Mapping[str, Any]) -> None:
        self._drop(int(message["id"]))

    def _acknowledge(self, _: Mapping[str, Any]) -> None:
        self._may_send = True
        self._news.set()

    def _pong(self, _: Mapping[str, Any]) -> None:
        self.notify("pong", told({"type": "pong"}))

    def _pause(self, _: Mapping[str, Any]) -> None:
        """Say nothing until `resume`, and remember nothing but that."""
        self._paused = True
        self._moved.clear()
        self._notices.merge()

    def _resume(self, _: Mapping[str, Any]) -> None:
        self._paused = False
        self._mark(self._by_id.values())

    _ACTIONS: ClassVar[dict[str, Callable[[Tab, Mapping[str, Any]], None]]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "ack": _acknowledge,
        "ping": _pong,
        "pause": _pause,
        "resume": _resume,
    }

    def _drop(self, number: int) -> None:
        gone = self._by_id.pop(number, None)
        if gone is None:
            return
        self._moved.pop(gone, None)
        for key in keys_of(gone.run, gone.tag):
            self._by_key[key].discard(gone)
            if not self._by_key[key]:
                del self._by_key[key]

    def _mark(self, subscriptions: Iterable[Subscription]) -> None:
        self._moved.update(dict.fromkeys(subscriptions))
        self._news.set()

    def _stands(self, subscription: Subscription) -> bool:
        """Tell whether a subscription was neither dropped nor replaced while a thread read."""
        return self._by_id.get(subscription.id) is subscription

    async def _send_frame(self) -> None:
        moved, self._moved = self._moved, {}
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(READERS, harvest, self._shared, list(moved))
        self._mark(filter(self._stands, found.later))
        for subscription in filter(self._stands, found.resets):
            await self._reset(subscription)
        for subscription, last in found.lasts.items():
            subscription.last = last
        blocks = [block for subscription, block in found.blocks if self._take(subscription, block)]
        if blocks:
            self._may_send = False
            await self._send_bytes(pack_frame(blocks))

    def _take(self, subscription: Subscription, block: Block) -> bool:
        if not self._stands(subscription):
            return False
        subscription.position += block.count
        return True

    async def _reset(self, subscription: Subscription) -> None:
        """End a subscription; while a backlog is read, at most one reset a series and pause."""
        loop = asyncio.get_running_loop()
        key = (subscription.run, subscription.tag)
        wait = self._last_reset.get(key, -RESET_PAUSE) + RESET_PAUSE - loop.time()
        if wait > 0:
            loop.call_later(wait, self._again, subscription)
            return
        self._last_reset[key] = loop.time()
        self._drop(subscription.id)
        await self._send_text(told({"type": "reset", "id": subscription.id}))

    def _again(self, subscription: Subscription) -> None:
        if self._stands(subscription):
            self._mark([subscription])
