"""Record the site: ask Dash for everything a page loads, join our scripts, pack, and keep it."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

from . import static
from .bundle import Bundle, join_scripts, join_styles
from .dash_app import PATHS, PLOTLY, build_dash, policy
from .site import TABLE, Entry

LEVEL = 9
DATA = ("/_dash-layout", "/_dash-dependencies")
BUNDLES = "_vizkit/"
LATEST = 4
"""How many sites are kept: of several versions, or behind several proxies."""

_SCRIPT = re.compile(r'<script src="[^"]*?assets/([^"?]+\.js)\?[^"]*"></script>\n?')
_STYLE = re.compile(r'<link rel="stylesheet" href="[^"]*?assets/([^"?]+\.css)\?[^"]*">\n?')
_LINKED = re.compile(r'(?:src|href)="([^"]+)"')


class Recorder:
    """Collects answers in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[str, Entry] = {}

    def keep(self, path: str, body: bytes, kind: str, *, forever: bool) -> None:
        """Keep one answer."""
        digest = hashlib.sha256(body).hexdigest()[:24]
        (self.folder / f"{digest}.gz").write_bytes(gzip.compress(body, LEVEL, mtime=0))
        self.entries[path] = Entry(f"{digest}.gz", kind, f'W/"{digest}"', forever)


def record(folder: Path, base_path: str) -> None:
    """Record the site into `folder`, which appears whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
    try:
        asyncio.run(_record(scratch, base_path))
        _put(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _sweep(folder)


async def _record(folder: Path, base_path: str) -> None:
    server, app = build_dash(base_path)
    recorder = Recorder(folder)
    data = [await ask(server, path) for path in DATA]
    page = _bundled((await ask(server, "/"))[1].decode(), base_path, recorder)
    for address in _LINKED.findall(page):
        path = "/" + urlsplit(address).path.removeprefix(base_path).lstrip("/")
        if path not in recorder.entries:
            kind, body = await ask(server, path)
            recorder.keep(path, body, kind, forever="_dash-component-suites" in path)
    for path, (kind, body) in zip(DATA, data, strict=True):
        recorder.keep(path, body, kind, forever=False)
    recorder.keep("/", page.encode(), "text/html", forever=False)
    told = {
        "policy": policy(app),
        "pages": PATHS,
        "alive": json.loads(data[1][1]) != [],
        "entries": {path: asdict(entry) for path, entry in recorder.entries.items()},
    }
    (folder / TABLE).write_text(json.dumps(told), encoding="utf-8")


def _bundled(page: str, base_path: str, recorder: Recorder) -> str:
    """Put one script, one style sheet and a packed plotly into the place of the single files."""
    page = _joined(page, _SCRIPT, '<script src="{}"></script>\n', join_scripts, recorder, base_path)
    page = _joined(
        page, _STYLE, '<link rel="stylesheet" href="{}">\n', join_styles, recorder, base_path
    )
    plotly = (static.FOLDER / PLOTLY).read_bytes()
    name = f"plotly-{hashlib.sha256(plotly).hexdigest()[:16]}.js"
    recorder.keep(f"/{BUNDLES}{name}", plotly, "text/javascript", forever=True)
    return re.sub(
        r'(<meta name="vizkit-plotly" content=")[^"]*', rf"\g<1>{base_path}{BUNDLES}{name}", page
    )


def _joined(
    page: str,
    pattern: re.Pattern[str],
    tag: str,
    join: Callable[[Sequence[Path]], Bundle],
    recorder: Recorder,
    base_path: str,
) -> str:
    names = pattern.findall(page)
    if not names:
        return page
    bundle = join([static.FOLDER / name for name in names])
    kind = "text/css" if bundle.name.endswith(".css") else "text/javascript"
    recorder.keep(f"/{BUNDLES}{bundle.name}", bundle.content, kind, forever=True)
    if bundle.map:
        recorder.keep(f"/{BUNDLES}{bundle.map_name}", bundle.map, "application/json", forever=True)
    first = tag.format(f"{base_path}{BUNDLES}{bundle.name}")
    page = pattern.sub(lambda _: first, page, count=1)
    return pattern.sub("", page)


async def ask(server: ASGIApp, path: str) -> tuple[str, bytes]:
    """Return the type and the body of what a server answers to GET path.

    Raises:
        ValueError: if it is not 200.
    """
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await server(scope, receive, send)
    if said[0]["status"] != 200:
        raise ValueError(f"GET {path} is answered {said[0]['status']}")
    kind = dict(said[0]["headers"]).get(b"content-type", b"application/octet-stream").decode()
    return kind, b"".join(message.get("body", b"") for message in said[1:])


def _put(scratch: Path, folder: Path) -> None:
    """Move what was recorded into its place, unless another process was faster."""
    try:
        scratch.rename(folder)
    except OSError:
        if not (folder / TABLE).exists():
            raise


def _sweep(folder: Path) -> None:
    """Remove sites of former installations."""
    sites = [each for each in folder.parent.iterdir() if (each / TABLE).exists()]
    for old in sorted(sites, key=lambda each: each.stat().st_mtime)[:-LATEST]:
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    """Record into the folder that is the first argument, for the base path that is the second."""
    record(Path(sys.argv[1]), sys.argv[2])
