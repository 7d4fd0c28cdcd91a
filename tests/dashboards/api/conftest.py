"""A viewer's state with three runs, and a client of the API over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from dashboards.api import routes
from dashboards.api.problems import HANDLERS
from dashboards.state import ViewerState
from vizkit.testing import make_run, tiny_run, wait_until


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerState]:
    """One run that has everything, one that a restart wrote anew, one that said no end."""
    logdir = tmp_path_factory.mktemp("runs")
    tiny_run(logdir)
    make_run(logdir / "again", {"loss": [(step, 1.0) for step in range(10)]}, status=None)
    make_run(
        logdir / "again",
        {"loss": [(step, 2.0) for step in range(5, 12)]},
        started=1_700_000_100.0,
    )
    make_run(logdir / "größe/ä", {"τ": [(0, 1.0)]}, status=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        state = ViewerState.open(logdir)
        wait_until(lambda: state.ingest.wait_settled(0.1) and len(state.index.runs()) == 3)
        yield state
        state.close()


@pytest.fixture
def ask(state: ViewerState) -> Callable[..., httpx.Response]:
    """Send a request: method, path below /api/v1, and what httpx takes."""
    server = Starlette(routes=routes(state), exception_handlers=HANDLERS)

    async def request(method: str, address: str, told: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, address, **told)

    def ask(method: str, path: str, **told: Any) -> httpx.Response:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return asyncio.run(request(method, address, told))

    return ask


@pytest.fixture
def get(ask: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    def get(path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        return ask("GET", path, params=params or None, headers=headers or {})

    return get


@pytest.fixture
def post(ask: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    return lambda path, **fields: ask("POST", path, json=fields)
