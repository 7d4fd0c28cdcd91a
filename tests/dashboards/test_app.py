from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from dash import Dash, Input, Output
from starlette.types import ASGIApp

from dashboards.app import build_app
from dashboards.pages import PAGES
from dashboards.state import ViewerState

BASE = "http://127.0.0.1:8097"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ViewerState]:
    (tmp_path / "runs").mkdir()
    state = ViewerState.open(tmp_path / "runs")
    yield state
    state.close()


@pytest.fixture
def built(state: ViewerState) -> tuple[ASGIApp, Dash]:
    return build_app(state)


def get(asgi: ASGIApp, path: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=asgi)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.get(path)

    return asyncio.run(request())


def blocking_callbacks(app: Dash) -> list[str]:
    """Return the callbacks that would run on the event loop and freeze every tab."""
    app._setup_server()
    callbacks = [(name, entry.get("callback")) for name, entry in app.callback_map.items()]
    return [
        name
        for name, callback in callbacks
        if callback and not inspect.iscoroutinefunction(inspect.unwrap(callback))
    ]


def test_every_page_is_the_same_document(built: tuple[ASGIApp, Dash]) -> None:
    asgi, _ = built

    documents = [get(asgi, page.path) for page in PAGES]

    assert [each.status_code for each in documents] == [200] * len(PAGES)
    assert len({re.sub(r'"end_id":"[^"]*"', "", each.text) for each in documents}) == 1


def test_an_unknown_page_names_the_known_ones(built: tuple[ASGIApp, Dash]) -> None:
    answer = get(built[0], "/nowhere")

    assert answer.status_code == 404
    assert "/scalars" in answer.text


def test_scripts_load_in_the_order_of_their_names_and_plotly_only_when_asked_for(
    built: tuple[ASGIApp, Dash],
) -> None:
    asgi, _ = built

    page = get(asgi, "/").text

    ours = re.findall(r'<script src="/assets/(js/[^?"]+)\?m=', page)
    assert ours == sorted(ours)
    assert ours
    assert "vendor/" not in "".join(re.findall(r"<script.*?>", page))
    plotly = re.search(r'name="vizkit-plotly" content="([^"]+)"', page)
    assert plotly
    assert "immutable" in get(asgi, plotly[1]).headers["cache-control"]


def test_nothing_on_the_page_comes_from_elsewhere(built: tuple[ASGIApp, Dash]) -> None:
    page = get(built[0], "/").text

    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == []


def test_the_policy_allows_no_script_that_is_not_ours(built: tuple[ASGIApp, Dash]) -> None:
    policy = get(built[0], "/").headers["content-security-policy"]

    scripts = re.search(r"script-src ([^;]*);", policy)
    assert scripts
    assert "unsafe" not in scripts[1]
    assert "http" not in policy


def test_dash_opens_no_websocket_of_its_own(built: tuple[ASGIApp, Dash]) -> None:
    assert '"websocket":{' not in get(built[0], "/").text


def test_no_callback_blocks_the_event_loop(built: tuple[ASGIApp, Dash]) -> None:
    assert blocking_callbacks(built[1]) == []


def test_the_check_above_finds_a_synchronous_callback(built: tuple[ASGIApp, Dash]) -> None:
    _, app = built

    @app.callback(Output("a", "b"), Input("c", "d"))
    def blocks(value: str) -> str:
        return value

    @app.callback(Output("e", "b"), Input("c", "d"))
    async def waits(value: str) -> str:
        return value

    assert blocking_callbacks(app) == ["a.b"]


def test_two_apps_in_one_process_do_not_share_pages(state: ViewerState) -> None:
    first, _ = build_app(state)
    second, _ = build_app(state, "/user/me/")

    assert '"requests_pathname_prefix":"\\u002f"' in get(first, "/").text
    assert "\\u002fuser\\u002fme\\u002f" in get(second, "/").text


def test_a_viewer_never_imports_torch() -> None:
    code = "import dashboards.server, sys; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
