"""Who may talk to the viewer: hosts, origins and the token, checked before anything else runs.

A plain ASGI middleware, because Starlette's `BaseHTTPMiddleware` never sees websockets.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .ports import WILDCARDS

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = frozenset({"/healthz"})
TOKEN_HINT = "Open the address with ?token=... that `vizkit serve` printed when it started."


@dataclass(frozen=True)
class Access:
    """The rules of one server.

    Attributes:
        host: the address the server is bound to.
        port: its port; names the cookie, since browsers share cookies between ports.
        token: the secret that every request must carry, or None where none is asked for.
        allowed_hosts: further names a browser may use in its Host header (a proxy's, say).
        base_path: path prefix under which a proxy shows the server; "/" without one.
    """

    host: str = "127.0.0.1"
    port: int = 8097
    token: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    base_path: str = "/"

    @property
    def cookie(self) -> str:
        """Name of the cookie that carries the token."""
        return f"vizkit_token_{self.port}"

    def knows_host(self, header: str) -> bool:
        """Tell whether a Host header names this server, on whatever port a tunnel shows it.

        A name nobody gave us is refused: that is how DNS rebinding reaches a local server. An
        IP address cannot be rebound, so a server bound to every interface accepts any of them.
        """
        name = host_name(header)
        if name in LOOPBACK or name == self.host or name in self.allowed_hosts:
            return True
        return self.host in WILDCARDS and (_is_address(name) or name == _machine_name())

    def knows_token(self, given: str | None) -> bool:
        """Compare in constant time; True when no token is asked for."""
        if self.token is None:
            return True
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())


def host_name(header: str) -> str:
    """Return the lower-case host of a `host[:port]` header, IPv6 without its brackets."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _machine_name() -> str:
    return socket.gethostname().lower()


class Guard:
    """ASGI middleware that lets through only what `Access` allows, and adds the safety headers."""

    def __init__(self, app: ASGIApp, access: Access, csp: Callable[[], str]) -> None:
        self.app = app
        self.access = access
        self.csp = csp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one connection, then pass it on or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = without_base_path(scope, self.access.base_path)
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        await self.app(scope, receive, self._with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self.access.knows_host(headers.get("host", "")):
            return _unknown_host(headers.get("host", ""))
        if _changes_things(scope) and not _same_origin(headers):
            return PlainTextResponse("Requests from other sites are refused.\n", 403)
        if scope["path"] in OPEN_PATHS:
            return None
        return self._token_refusal(scope, headers)

    def _token_refusal(self, scope: Scope, headers: Headers) -> Response | None:
        if self.access.token is None:
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        in_address = dict(query).get("token")
        if in_address is not None and self.access.knows_token(in_address):
            return self._remember_token(scope, query)
        if any(map(self._is_token, (_bearer(headers), _cookie(headers, self.access.cookie)))):
            return None
        return PlainTextResponse(f"This vizkit server asks for a token. {TOKEN_HINT}\n", 401)

    def _is_token(self, given: str | None) -> bool:
        return given is not None and self.access.knows_token(given)

    def _remember_token(self, scope: Scope, query: list[tuple[str, str]]) -> Response | None:
        """Move the token from the address bar into a cookie; other requests just pass."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        address = self.access.base_path.rstrip("/") + scope["path"] + ("?" + rest if rest else "")
        response = RedirectResponse(_one_slash(address), 303)
        response.set_cookie(
            self.access.cookie,
            self.access.token or "",
            path=self.access.base_path,
            httponly=True,
            samesite="strict",
        )
        return response

    def _with_headers(self, send: Send) -> Send:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "same-origin"
                if headers.get("content-type", "").startswith("text/html"):
                    headers["content-security-policy"] = self.csp()
                    headers["cache-control"] = "no-cache"
            await send(message)

        return send_safely


def without_base_path(scope: Scope, base_path: str) -> Scope:
    """Drop the base path where a proxy left it in; a proxy that strips it changes nothing."""
    prefix = base_path.rstrip("/")
    path = scope["path"]
    if not prefix or not (path + "/").startswith(prefix + "/"):
        return scope
    shorter = path[len(prefix) :] or "/"
    return {**scope, "path": shorter, "raw_path": shorter.encode("utf-8")}


def _one_slash(address: str) -> str:
    """Keep a redirect on this server: `//elsewhere` would name another host."""
    return "/" + address.lstrip("/\\")


def _changes_things(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS


def _same_origin(headers: Headers) -> bool:
    """Browsers send Origin with websockets and unsafe methods; other clients need none."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _bearer(headers: Headers) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in ("bearer", "token") else None


def _cookie(headers: Headers, name: str) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return None
    return morsel.value if morsel else None


def _unknown_host(header: str) -> Response:
    text = (
        f"This vizkit server does not answer to the host name {header!r}. "
        f"If it is yours, start it with --allow-host {host_name(header) or 'NAME'}.\n"
    )
    return PlainTextResponse(text, 400)


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.close", "code": 4000 + response.status_code, "reason": ""})
