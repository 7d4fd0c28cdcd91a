"""The ASGI application: our routes and websocket first, Dash's shell last, the guard around it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from dash import Dash
from fastapi import FastAPI, WebSocket
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import api, shell, static
from .guard import Access, Guard
from .hub import Hub
from .pages import PAGES
from .state import ViewerState

PATHS = tuple(page.path for page in PAGES)
PLOTLY = "vendor/plotly-cartesian.min.js"
INDEX_HTML = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <title>{%title%}</title>
        {%favicon%}
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""


def build_app(
    state: ViewerState, base_path: str = "/", access: Access | None = None
) -> tuple[ASGIApp, Dash]:
    """Build the web app of one viewer.

    Our routes come before Dash's, because Dash ends its own with a catch-all.

    Args:
        state: the open LOGDIR.
        base_path: where a proxy shows the app; starts and ends with a slash.
        access: who may come in; loopback without a token when left out.

    Returns:
        The guarded ASGI application, and the Dash app inside it.
    """
    hub = Hub(state)
    server = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(state, hub)
    )
    server.mount("/assets", static.CachedAssets(directory=static.FOLDER))
    api.add_routes(server, state)
    _add_websocket(server, hub)
    dash_app = _dash(server, base_path)
    server.add_api_route("/{path:path}", _not_found, methods=["GET"], include_in_schema=False)
    rules = access or Access(base_path=base_path)
    return Guard(_PageRewrite(server), rules, _policy(dash_app)), dash_app


def _dash(server: FastAPI, base_path: str) -> Dash:
    app = Dash(
        "dashboards",
        server=server,
        title="vizkit",
        update_title=None,
        index_string=INDEX_HTML,
        assets_folder=str(static.FOLDER),
        assets_path_ignore=["^vendor$"],
        assets_ignore=r"\.gz$",
        requests_pathname_prefix=base_path,
        routes_pathname_prefix="/",
        serve_locally=True,
        compress=False,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        meta_tags=_meta_tags(base_path),
    )
    # Dash opens a websocket of its own in every tab unless told not to; ours is /ws.
    app.backend.websocket_capability = False
    app.layout = shell.layout
    return app


def _meta_tags(base_path: str) -> list[dict[str, str]]:
    """Tell the scripts where they live: base path and the plotly file that charts load lazily."""
    return [
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "vizkit-base", "content": base_path},
        {"name": "vizkit-plotly", "content": static.fingerprinted(PLOTLY, base_path)},
    ]


def _lifespan(
    state: ViewerState, hub: Hub
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.listeners.append(hub.tell)
        async with hub.running():
            yield

    return lifespan


def _add_websocket(server: FastAPI, hub: Hub) -> None:
    @server.websocket("/ws")
    async def live(websocket: WebSocket) -> None:
        await hub.serve(websocket)


async def _not_found(path: str) -> PlainTextResponse:
    return PlainTextResponse(f"There is no page /{path}. The pages are {', '.join(PATHS)}.\n", 404)


class _PageRewrite:
    """Answers every page's address with Dash's index: the browser switches pages on its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            scope = {**scope, "path": "/", "raw_path": b"/"}
        await self.app(scope, receive, send)


def _policy(dash_app: Dash) -> Callable[[], str]:
    """Return a function giving the Content-Security-Policy; its hashes are known after set-up."""

    @functools.cache
    def policy() -> str:
        hashes = " ".join(dash_app.csp_hashes())
        return (
            f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
            "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
        )

    return policy
