"""The ASGI application: our routes and websocket first, the pages last, the guard around it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.types import ASGIApp

from . import api, grid, static
from .api.problems import HANDLERS
from .front import Front
from .guard import Access, Guard
from .hub import Hub
from .state import ViewerState

SETTLING, LOOK = 3.0, 0.1
"""Seconds that indexing may take before the pages are prepared beside it, and between two looks."""


def build_app(state: ViewerState, base_path: str = "/", access: Access | None = None) -> ASGIApp:
    """Build the web app of one viewer.

    Args:
        state: the open LOGDIR.
        base_path: where a proxy shows the app; starts and ends with a slash.
        access: who may come in; loopback without a token when left out.

    Returns:
        The guarded ASGI application.
    """
    hub, front = Hub(state), Front(base_path)
    server = Starlette(
        routes=[
            Mount("/assets", static.CachedAssets(directory=static.FOLDER)),
            *api.routes(state),
            grid.route(),
            WebSocketRoute("/ws", hub.serve),
            Mount("/", front),
        ],
        exception_handlers=HANDLERS,
        lifespan=_lifespan(state, hub, front),
    )
    return Guard(server, access or Access(base_path=base_path), front.policy)


def _lifespan(
    state: ViewerState, hub: Hub, front: Front
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        state.listeners.append(hub.tell)
        preparing = asyncio.create_task(_prepare(state, front))
        async with hub.running():
            yield
        front.close()
        preparing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await preparing

    return lifespan


async def _prepare(state: ViewerState, front: Front) -> None:
    """Get the pages ready while nobody asks for them, once indexing leaves time for it."""
    for _ in range(round(SETTLING / LOOK)):
        if state.ingest.wait_settled(0):
            break
        await asyncio.sleep(LOOK)
    with contextlib.suppress(Exception):  # a request would meet it again, and show it
        await asyncio.to_thread(front.prepare)
