from __future__ import annotations

import asyncio
import inspect
import re

import httpx
import pytest
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI

from dashboards import dash_app
from dashboards.dash_app import PATHS, VizkitDash, build_dash, namespaces, policy

BASE = "http://127.0.0.1:8097"


@pytest.fixture
def built() -> tuple[FastAPI, Dash]:
    return build_dash()


def page_of(server: FastAPI) -> str:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.get("/")

    return asyncio.run(request()).text


def suites(page: str) -> set[str]:
    return set(re.findall(r"_dash-component-suites/(dash/(?:dcc|html|dash_table)|\w+)/", page))


def blocking_callbacks(app: Dash) -> list[str]:
    """Return the callbacks that would run on the event loop and freeze every tab."""
    app._setup_server()
    callbacks = [(name, entry.get("callback")) for name, entry in app.callback_map.items()]
    return [
        name
        for name, callback in callbacks
        if callback and not inspect.iscoroutinefunction(inspect.unwrap(callback))
    ]


def test_scripts_load_in_the_order_of_their_names_and_plotly_only_when_asked_for(
    built: tuple[FastAPI, Dash],
) -> None:
    page = page_of(built[0])

    ours = re.findall(r'<script src="/assets/(js/[^?"]+)\?m=', page)
    assert ours == sorted(ours)
    assert ours
    assert not re.search(r"<script[^>]*(vendor|worker)/", page)


def test_only_component_suites_that_a_page_uses_are_loaded(built: tuple[FastAPI, Dash]) -> None:
    assert suites(page_of(built[0])) == {"dash", "dash_mantine_components", "dash/html"}


def test_a_suite_comes_with_the_first_component_of_it() -> None:
    server = FastAPI()
    app = VizkitDash("dashboards", server=server, compress=False)

    app.layout = html.Div(dcc.Store(id="a"))

    assert "dash/dcc" in suites(page_of(server))


def test_namespaces_are_found_wherever_a_layout_has_components() -> None:
    leaf = {"type": "Div", "namespace": "x", "props": {}}

    found = set(namespaces({"type": "A", "namespace": "y", "props": {"label": [leaf]}}))

    assert found == {"x", "y"}


def test_the_policy_allows_no_script_that_is_not_ours(built: tuple[FastAPI, Dash]) -> None:
    told = policy(built[1])

    scripts = re.search(r"script-src ([^;]*);", told)
    assert scripts
    assert "unsafe" not in scripts[1]
    assert "http" not in told


def test_dash_opens_no_websocket_of_its_own(built: tuple[FastAPI, Dash]) -> None:
    assert '"websocket":{' not in page_of(built[0])


def test_no_callback_blocks_the_event_loop(built: tuple[FastAPI, Dash]) -> None:
    assert blocking_callbacks(built[1]) == []


def test_the_check_above_finds_a_synchronous_callback(built: tuple[FastAPI, Dash]) -> None:
    _, app = built

    @app.callback(Output("a", "b"), Input("c", "d"))
    def blocks(value: str) -> str:
        return value

    @app.callback(Output("e", "b"), Input("c", "d"))
    async def waits(value: str) -> str:
        return value

    assert blocking_callbacks(app) == ["a.b"]


def test_two_apps_in_one_process_do_not_share_pages() -> None:
    first, _ = build_dash()
    second, _ = build_dash("/user/me/")

    assert '"requests_pathname_prefix":"\\u002f"' in page_of(first)
    assert "\\u002fuser\\u002fme\\u002f" in page_of(second)


def test_the_paths_are_those_of_the_pages() -> None:
    assert tuple(page.path for page in dash_app.PAGES) == PATHS
