"""All open tabs of a viewer: wakes those that a change concerns, tells all of them about runs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from vizkit.errors import UsageError
from vizkit.version import __version__

from .harvest import Key
from .state import ViewerState
from .tab import Tab

NOTICE_PAUSE = 0.5  # seconds between two messages about runs
STATUS_PAUSE = 5.0  # seconds after which a silent run may have become a stalled one


class Hub:
    """Where the ingest thread and the websockets meet.

    `tell` may be called from any thread; everything else runs on the event loop.
    """

    def __init__(self, state: ViewerState) -> None:
        self._state = state
        self._tabs: set[Tab] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._waiting: set[Key] = set()
        self._called = False
        self._other_runs = False
        self._seen: set[Key] = set()
        self._new_tags: set[str] = set()
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
        tab = Tab(self._state.index, websocket.send_text, websocket.send_bytes)
        tab.notify("hello", self._hello())
        self._tabs.add(tab)
        sender = asyncio.create_task(tab.run())
        listener = asyncio.create_task(_listen(websocket, tab))
        try:
            await asyncio.wait({sender, listener}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._tabs.discard(tab)
            await _end(sender, listener)

    def _hello(self) -> dict[str, Any]:
        return {"type": "hello", "version": __version__, "logdir": str(self._state.logdir)}

    def _wake(self) -> None:
        with self._lock:
            changed, self._waiting, self._called = self._waiting, set(), False
            if self._other_runs:  # one may have been replaced by another of its name
                self._seen.clear()
                self._other_runs = False
        for tab in self._tabs:
            tab.wake(changed)
        unseen = changed - self._seen
        self._seen |= unseen
        self._new_tags.update(run for run, _ in unseen)
        self._moved.set()

    async def _speak(self) -> None:
        """Tell all tabs, at most twice a second, that runs moved, gained tags, or stalled."""
        while True:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._moved.wait(), self._patience())
            self._moved.clear()
            self._announce()
            await asyncio.sleep(NOTICE_PAUSE)

    def _announce(self) -> None:
        self._tell_all("runs", {"type": "runs"})
        for run in self._new_tags:
            self._tell_all(f"tags {run}", {"type": "tags", "run": run})
        self._new_tags.clear()
        progress = asdict(self._state.ingest.progress())
        if progress != self._progress:
            self._progress = progress
            self._tell_all("progress", {"type": "progress", **progress})

    def _patience(self) -> float:
        reading = self._progress.get("indexed", 0) < self._progress.get("total", 0)
        return NOTICE_PAUSE if reading else STATUS_PAUSE

    def _tell_all(self, key: str, message: dict[str, Any]) -> None:
        for tab in self._tabs:
            tab.notify(key, message)


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
            tab.notify("error", {"type": "error", "error": str(error)})


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Stop both halves; a tab that went away is no error."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        gone = (asyncio.CancelledError, WebSocketDisconnect, RuntimeError)
        if isinstance(result, BaseException) and not isinstance(result, gone):
            raise result
