"""Who answers for the pages: the recorded site, and Dash itself where that has nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .site import Site, site_folder

DEV_VARIABLE = "VIZKIT_DEV"
"""Set to 1, pages come from Dash itself, with every script of ours in a file of its own."""

TIMEOUT = 60.0  # seconds for recording
DASH = ("/_dash", "/_favicon", "/_reload")

_RECORD = "import sys; sys.path[:] = sys.argv[3:]; from dashboards.record import main; main()"


class Front:
    """ASGI application of the pages. Dash takes most of a second to import, so it comes last.

    A site that was not recorded yet is recorded by another process, on the first request or on
    `prepare`; requests wait for it. Where that fails, Dash is built in this process.
    """

    def __init__(self, base_path: str = "/") -> None:
        self._base_path = base_path
        self._lock = threading.Lock()
        self._site: Site | None = None
        self._live: tuple[ASGIApp, str, tuple[str, ...]] | None = None
        self._recording: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._alone = os.environ.get(DEV_VARIABLE, "") not in ("", "0")

    def prepare(self) -> None:
        """Make sure that pages can be answered; waits as long as that takes."""
        with self._lock:
            if self._site is None and not self._alone:
                self._site = self._found()
            if self._site is None or self._site.alive:
                self._build()

    def policy(self) -> str:
        """Return the Content-Security-Policy of the pages; known once one was answered."""
        if self._live is not None:
            return self._live[1]
        return self._site.policy if self._site is not None else "default-src 'none'"

    def close(self) -> None:
        """End what is still being recorded."""
        self._closed = True
        recording = self._recording
        if recording is not None:
            with contextlib.suppress(OSError):
                recording.kill()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 4404, "reason": ""})
            return
        if self._site is None and self._live is None:
            await asyncio.to_thread(self.prepare)
        response = await asyncio.to_thread(self._recorded, scope)
        await (response or await self._by_dash(scope))(scope, receive, send)

    def _recorded(self, scope: Scope) -> Response | None:
        if self._live is not None or self._site is None or scope["method"] not in ("GET", "HEAD"):
            return None
        return self._site.answer(scope["path"], Headers(scope=scope))

    async def _by_dash(self, scope: Scope) -> ASGIApp:
        """Return what answers: Dash, or the news that there is no such page."""
        if scope["path"] not in self._pages() and not scope["path"].startswith(DASH):
            return self._no_page(scope["path"])
        if self._live is None:
            await asyncio.to_thread(self._build)
        assert self._live is not None
        server, _, pages = self._live
        if scope["path"] in pages:  # the browser switches pages on its own
            scope.update(path="/", raw_path=b"/")
        return server

    def _pages(self) -> tuple[str, ...]:
        if self._live is not None:
            return self._live[2]
        return self._site.pages if self._site is not None else ()

    def _no_page(self, path: str) -> Response:
        known = ", ".join(self._pages())
        return PlainTextResponse(f"There is no page {path}. The pages are {known}.\n", 404)

    def _found(self) -> Site | None:
        """Return the recorded site, recorded now if need be; None if that is not to be had."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return Site.load(site_folder(self._base_path))
        with contextlib.suppress(
            OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError
        ):
            folder = site_folder(self._base_path)
            self._record(str(folder))
            return Site.load(folder)
        return None

    def _record(self, folder: str) -> None:
        if self._closed:
            return
        self._recording = subprocess.Popen(
            [sys.executable, "-c", _RECORD, folder, self._base_path, *filter(None, sys.path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._recording.wait(TIMEOUT)
        finally:
            self._recording.kill()
            self._recording.wait()
            self._recording = None

    def _build(self) -> None:
        if self._live is not None or self._closed:
            return
        # Here, not above: who has a recorded site never needs Dash.
        from .dash_app import PATHS, build_dash, policy

        server, app = build_dash(self._base_path)
        self._live = server, policy(app), PATHS
