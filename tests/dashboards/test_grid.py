from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette

from dashboards import grid


def ask(path: str) -> httpx.Response:
    server = Starlette(routes=[grid.route()])

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path)

    return asyncio.run(request())


def test_the_script_of_the_table_is_served_and_kept_while_it_is_the_same():
    answer = ask(grid.address())

    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert "createGrid" in answer.text
    assert ask(grid.PATH).headers["cache-control"] == "no-cache"


def test_its_address_is_below_the_base_path():
    assert grid.address("/user/me/").startswith("/user/me/vendor/ag-grid.min.js?m=")
