"""All open tabs of a viewer: wakes those that a change concerns, tells all of them about runs."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from vizkit.errors import UsageError
from vizkit.version import __version__

from .api.progress import progress_of
from .harvest import Key, Shared
from .notices import RUNS, TAGS, TAGS_ANEW, told
from .roll import MOST_ROWS, Moved, Roll
from .state import ViewerState
from .tab import READERS, Tab

NOTICE_PAUSE = 0.5  # seconds between two messages about runs
NOTICE_SHARE = 10  # looking at the runs takes at most one part in so many of the time
STATUS_PAUSE = 5.0  # seconds after which a silent run may have become a stalled one
PACE, SLOWEST = 0.0005, 0.05  # seconds between two frames of a tab: per tab, and at most


class Hub:
    """Where the ingest thread and the websockets meet.

    `tell` may be called from any thread; everything else runs on the event loop.
    """

    def __init__(self, state: ViewerState) -> None:
        self._state = state
        self._tabs: set[Tab] = set()
        self._shared = Shared(state.index)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._waiting: set[Key] = set()
        self._called = False
        self._other_runs = False
        self._news = _News()
        self._roll = Roll(state.index)
        self._looking = asyncio.Lock()
        self._primed = False
        self._moved = asyncio.Event()
        self._progress: dict[str, Any] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take part in the running loop until the block ends."""
        self._loop = asyncio.get_running_loop()
        speaker = asyncio.create_task(self._speak())
        try:
            yield
        finally:
            self._loop = None
            speaker.cancel()
            with suppress(asyncio.CancelledError):
                await speaker

    def tell(self, changed: Collection[Key]) -> None:
        """Say which series have new points, none where only the list of runs changed. Cheap."""
        with self._lock:
            self._waiting.update(changed)
            self._other_runs |= not changed
            if self._called or self._loop is None:
                return
            with suppress(RuntimeError):  # the loop has just been closed
                self._loop.call_soon_threadsafe(self._wake)
                self._called = True

    async def serve(self, websocket: WebSocket) -> None:
        """Speak with one tab until it goes away."""
        await websocket.accept()
        await self._prime()
        tab = Tab(self._shared, websocket.send_text, websocket.send_bytes, self._pace)
        tab.notify("hello", told(self._hello()))
        tab.notify("progress", told({"type": "progress", **progress_of(self._state)}))
        self._tabs.add(tab)
        sender = asyncio.create_task(tab.run())
        listener = asyncio.create_task(_listen(websocket, tab))
        try:
            await asyncio.wait({sender, listener}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._tabs.discard(tab)
            await _end(sender, listener)

    def _pace(self) -> float:
        return min(PACE * len(self._tabs), SLOWEST)

    def _hello(self) -> dict[str, Any]:
        return {"type": "hello", "version": __version__, "logdir": str(self._state.logdir)}

    async def _prime(self) -> None:
        """See the runs once before the first tab asks for them: what moves later is news to it."""
        async with self._looking:
            if not self._primed:
                await asyncio.get_running_loop().run_in_executor(READERS, self._roll.look)
                self._primed = True

    def _wake(self) -> None:
        with self._lock:
            changed, self._waiting, self._called = self._waiting, set(), False
            other, self._other_runs = self._other_runs, False
        self._shared.renew()
        for tab in self._tabs:
            tab.wake(changed)
        self._news.add({run for run, _ in changed}, everything=other)
        self._moved.set()

    async def _speak(self) -> None:
        """Tell all tabs, at most twice a second, what became of the runs and of indexing."""
        while True:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._moved.wait(), self._patience())
            self._moved.clear()
            begun = time.monotonic()
            if self._tabs:
                await self._announce()
            took = time.monotonic() - begun
            await asyncio.sleep(max(NOTICE_PAUSE, NOTICE_SHARE * took))

    async def _announce(self) -> None:
        names = self._news.take(self._roll.running())
        if names is None or names:
            async with self._looking:
                loop = asyncio.get_running_loop()
                moved = await loop.run_in_executor(READERS, self._roll.look, names)
            self._tell_of_runs(moved)
        progress = progress_of(self._state)
        if progress != self._progress and not (_done(progress) and _done(self._progress)):
            self._tell_all("progress", told({"type": "progress", **progress}))
        self._progress = progress

    def _tell_of_runs(self, moved: Moved) -> None:
        if moved:
            self._tell_all(RUNS, told({"type": RUNS, "changed": moved.changed, "gone": moved.gone}))
        if len(moved.new_tags) > MOST_ROWS:
            self._tell_all(TAGS, TAGS_ANEW)
            return
        for run in moved.new_tags:
            self._tell_all(f"{TAGS} {run}", told({"type": TAGS, "run": run}))

    def _patience(self) -> float:
        return STATUS_PAUSE if _done(self._progress) else NOTICE_PAUSE

    def _tell_all(self, key: str, text: str) -> None:
        for tab in self._tabs:
            tab.notify(key, text)


class _News:
    """Which runs to look at again."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._everything = False
        self._silence = 0.0

    def add(self, names: set[str], *, everything: bool) -> None:
        self._names |= names
        self._everything |= everything

    def take(self, running: Collection[str]) -> set[str] | None:
        """Return the runs, None for all of them; now and then those that may have stalled too."""
        names, everything = self._names, self._everything
        self._names, self._everything = set(), False
        if everything:
            return None
        now = time.monotonic()
        if now >= self._silence:
            self._silence = now + STATUS_PAUSE
            names = names.union(running)
        return names


def _done(progress: dict[str, Any]) -> bool:
    return bool(progress.get("done"))


async def _listen(websocket: WebSocket, tab: Tab) -> None:
    """Take the client's messages; answer a bad one with what is wrong with it."""
    while True:
        text = await websocket.receive_text()
        try:
            message = json.loads(text)
            if not isinstance(message, dict):
                raise UsageError("A message is a JSON object with a field 'op'.")
            tab.receive(message)
        except (ValueError, UsageError) as error:
            tab.notify("error", told({"type": "error", "error": str(error)}))


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Stop both halves; a tab that went away is no error."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        gone = (asyncio.CancelledError, WebSocketDisconnect, RuntimeError)
        if isinstance(result, BaseException) and not isinstance(result, gone):
            raise result
