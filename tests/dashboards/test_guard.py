from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from dashboards.guard import Access, Guard, host_name

LOCAL = "http://127.0.0.1:8097"
OPEN_TO_ALL = Access(host="0.0.0.0", token="s3cret")


async def echo_path(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


async def page(_: Request) -> HTMLResponse:
    return HTMLResponse("<p>page</p>")


async def hello(websocket: WebSocket) -> None:
    await websocket.accept()


def guarded(access: Access) -> Guard:
    routes = [
        WebSocketRoute("/ws", hello),
        Route("/page", page),
        Route("/{path:path}", echo_path, methods=["GET", "POST"]),
    ]
    return Guard(Starlette(routes=routes), access, lambda: "default-src 'self'")


def ask(
    url: str, access: Access | None = None, method: str = "GET", **headers: str
) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=guarded(access or Access()))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, url, headers=headers)

    return asyncio.run(request())


def open_websocket(access: Access | None = None, query: str = "", **headers: str) -> str:
    """Return "websocket.accept" or "websocket.close", whatever the guard lets happen."""
    sent: list[str] = []
    scope = {
        "type": "websocket",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(guarded(access or Access())(scope, receive, send))
    return sent[0]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:9000", "localhost"),
        ("[::1]:8097", "::1"),
        ("127.0.0.1:8097", "127.0.0.1"),
        ("", ""),
        ("[broken", ""),
    ],
)
def test_a_host_header_is_read_with_and_without_its_port(header: str, name: str) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize("url", [LOCAL, "http://localhost:1234", "http://[::1]:8097"])
def test_this_machine_is_answered_on_any_port_a_tunnel_may_use(url: str) -> None:
    assert ask(url + "/x").text == "/x"


def test_a_rebound_name_is_refused_and_told_what_to_do() -> None:
    answer = ask("http://evil.example:8097/x")

    assert answer.status_code == 400
    assert "--allow-host evil.example" in answer.text


def test_a_name_on_the_list_is_answered() -> None:
    access = Access(allowed_hosts=frozenset({"hub.example"}))

    assert ask("http://hub.example/x", access).status_code == 200


def test_a_server_open_to_all_answers_to_addresses_but_not_to_foreign_names() -> None:
    headers = {"authorization": "Bearer s3cret"}

    assert ask("http://10.0.0.7:8097/x", OPEN_TO_ALL, **headers).status_code == 200
    assert ask("http://evil.example/x", OPEN_TO_ALL, **headers).status_code == 400


def test_another_site_may_not_post() -> None:
    assert ask(LOCAL + "/x", method="POST", origin="http://evil.example").status_code == 403
    assert ask(LOCAL + "/x", method="POST", origin="null").status_code == 403


def test_our_own_page_and_programs_without_an_origin_may_post() -> None:
    assert ask(LOCAL + "/x", method="POST", origin=LOCAL).status_code == 200
    assert ask(LOCAL + "/x", method="POST").status_code == 200


def test_another_site_may_not_open_our_websocket() -> None:
    host = "127.0.0.1:8097"

    assert open_websocket(host=host, origin="http://evil.example") == "websocket.close"
    assert open_websocket(host=host, origin=f"http://{host}") == "websocket.accept"
    assert open_websocket(host=host) == "websocket.accept"


def test_without_the_token_the_answer_says_where_to_find_it() -> None:
    answer = ask(LOCAL + "/x", OPEN_TO_ALL)

    assert answer.status_code == 401
    assert "?token=" in answer.text
    assert "vizkit serve" in answer.text


def test_the_token_moves_from_the_address_into_a_cookie() -> None:
    answer = ask(LOCAL + "/scalars?token=s3cret&tag=a%2Fb", OPEN_TO_ALL)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/scalars?tag=a%2Fb"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()

    again = ask(LOCAL + "/scalars", OPEN_TO_ALL, cookie=cookie.split(";")[0])
    assert again.text == "/scalars"


def test_a_redirect_never_leaves_this_server() -> None:
    answer = ask(LOCAL + "//evil.example/?token=s3cret", OPEN_TO_ALL)

    assert answer.headers["location"].startswith("/evil.example")


def test_programs_send_the_token_as_a_header() -> None:
    assert ask(LOCAL + "/x", OPEN_TO_ALL, authorization="Bearer s3cret").status_code == 200
    assert ask(LOCAL + "/x", OPEN_TO_ALL, authorization="Bearer wrong").status_code == 401
    assert ask(LOCAL + "/x?token=wrong", OPEN_TO_ALL).status_code == 401


def test_a_websocket_needs_the_token_too() -> None:
    host = "127.0.0.1:8097"

    assert open_websocket(OPEN_TO_ALL, host=host) == "websocket.close"
    assert open_websocket(OPEN_TO_ALL, "token=s3cret", host=host) == "websocket.accept"
    assert (
        open_websocket(OPEN_TO_ALL, host=host, cookie="vizkit_token_8097=s3cret")
        == "websocket.accept"
    )


def test_health_needs_no_token() -> None:
    assert ask(LOCAL + "/healthz", OPEN_TO_ALL).status_code == 200


@pytest.mark.parametrize("path", ["/user/me/x", "/x"])
def test_a_proxy_may_keep_or_strip_the_base_path(path: str) -> None:
    assert ask(LOCAL + path, Access(base_path="/user/me/")).text == "/x"


def test_the_cookie_and_the_redirect_know_the_base_path() -> None:
    access = Access(token="s3cret", base_path="/user/me/")

    answer = ask(LOCAL + "/user/me/graph?token=s3cret", access)

    assert answer.headers["location"] == "/user/me/graph"
    assert "Path=/user/me/" in answer.headers["set-cookie"]


def test_pages_carry_a_policy_that_forbids_foreign_scripts() -> None:
    headers = ask(LOCAL + "/page").headers

    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in ask(LOCAL + "/x").headers
