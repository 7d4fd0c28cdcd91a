from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
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
def asgi(state: ViewerState) -> ASGIApp:
    return build_app(state)


def get(asgi: ASGIApp, *paths: str, **headers: str) -> list[httpx.Response]:
    async def request() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=asgi)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return [await client.get(path, headers=headers) for path in paths]

    return asyncio.run(request())


def linked(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]*)"', page)


def test_every_page_is_the_same_document(asgi: ASGIApp) -> None:
    documents = get(asgi, *(page.path for page in PAGES))

    assert [each.status_code for each in documents] == [200] * len(PAGES)
    assert len({each.text for each in documents}) == 1


def test_an_unknown_page_names_the_known_ones(asgi: ASGIApp) -> None:
    (answer,) = get(asgi, "/nowhere")

    assert answer.status_code == 404
    assert "/scalars" in answer.text


def test_everything_that_a_page_names_is_there(asgi: ASGIApp) -> None:
    (page,) = get(asgi, "/")

    answers = get(asgi, *linked(page.text), "/_dash-layout", "/_dash-dependencies")

    assert {each.status_code for each in answers} == {200}


def test_nothing_on_the_page_comes_from_elsewhere(asgi: ASGIApp) -> None:
    (page,) = get(asgi, "/")

    assert [each for each in linked(page.text) if not each.startswith("/")] == []


def test_plotly_is_named_by_its_content_and_kept(asgi: ASGIApp) -> None:
    (page,) = get(asgi, "/")
    named = re.search(r'name="vizkit-plotly" content="([^"]+)"', page.text)
    assert named

    (plotly,) = get(asgi, named[1])

    assert plotly.status_code == 200
    assert "immutable" in plotly.headers["cache-control"]


def test_the_policy_lets_no_script_run_that_is_not_ours(asgi: ASGIApp) -> None:
    (page,) = get(asgi, "/")

    scripts = re.search(r"script-src ([^;]*);", page.headers["content-security-policy"])
    assert scripts
    assert "unsafe" not in scripts[1]


@pytest.mark.parametrize("module", ["torch", "dash", "plotly", "fastapi", "pydantic"])
def test_a_viewer_starts_without(module: str) -> None:
    code = f"import dashboards.server, sys; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
