from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest

from dashboards.front import DEV_VARIABLE, Front
from dashboards.site import TABLE, site_folder

BASE = "http://127.0.0.1:8097"


@pytest.fixture
def nothing_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "cache"))
    return site_folder("/")


def ask(front: Front, path: str, method: str = "GET") -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=front)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path)

    return asyncio.run(request())


def test_the_first_request_records_the_site_and_gets_the_page(nothing_recorded: Path) -> None:
    front = Front()

    page = ask(front, "/scalars")

    assert page.status_code == 200
    assert "/_vizkit/vizkit-" in page.text
    assert (nothing_recorded / TABLE).exists()
    assert "script-src 'self'" in front.policy()


def test_what_was_not_recorded_is_answered_by_dash() -> None:
    front = Front()
    name = "dash_mantine_components/async-BarChart.js"

    chunk = ask(front, f"/_dash-component-suites/{name}")

    assert chunk.status_code == 200
    assert "javascript" in chunk.headers["content-type"]


def test_without_a_cache_folder_dash_answers_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "file"))
    front = Front()

    page = ask(front, "/graph")

    assert page.status_code == 200
    assert 'src="/assets/js/' in page.text
    assert "script-src 'self'" in front.policy()


def test_a_developer_gets_every_script_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEV_VARIABLE, "1")

    assert 'src="/assets/js/' in ask(Front(), "/").text


def test_a_site_with_callbacks_is_left_to_dash(nothing_recorded: Path, site_once: Path) -> None:
    folder = nothing_recorded
    shutil.copytree(site_once, folder)
    told = json.loads((folder / TABLE).read_text())
    (folder / TABLE).write_text(json.dumps({**told, "alive": True}))

    assert 'src="/assets/js/' in ask(Front(), "/").text


def test_an_unknown_page_is_answered_without_dash() -> None:
    answer = ask(Front(), "/nowhere")

    assert answer.status_code == 404
    assert "/scalars" in answer.text


def test_a_front_that_was_closed_records_nothing(nothing_recorded: Path) -> None:
    front = Front()
    front.close()

    front.prepare()

    assert not nothing_recorded.exists()
