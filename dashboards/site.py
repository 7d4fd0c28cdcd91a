"""The page as recorded: what Dash answers to a browser, kept in the cache folder, packed.

No page has a callback, so Dash's answers depend on nothing but what is installed. They are recorded
once (`dashboards.record`); from then on a viewer serves them without importing Dash.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response

from vizkit.cachefolder import cache_folder
from vizkit.version import __version__

from .static import ASK_AGAIN, FOREVER, knows

TABLE = "site.json"
PACKAGES = ("dash", "dash-mantine-components", "dash-ag-grid", "fastapi")
SOURCE = Path(__file__).parent
KEPT = (".py", ".js", ".css")


@dataclass(frozen=True)
class Entry:
    """One recorded answer.

    Attributes:
        file: name of the gzipped body in the site's folder.
        type: its Content-Type.
        etag: hash of the body.
        forever: whether the address names the content, so that it can be kept without asking.
    """

    file: str
    type: str
    etag: str
    forever: bool


@dataclass(frozen=True)
class Site:
    """Recorded answers by path.

    Attributes:
        policy: the Content-Security-Policy of the pages.
        pages: their paths; each is answered by the entry of "/".
        alive: whether Dash has callbacks to answer, so that nothing of it can be recorded.
    """

    folder: Path
    policy: str
    pages: tuple[str, ...]
    alive: bool
    entries: Mapping[str, Entry]

    @classmethod
    def load(cls, folder: Path) -> Site:
        """Read a site that was recorded.

        Raises:
            OSError, ValueError, KeyError, TypeError: if there is none, or not a whole one.
        """
        told = json.loads((folder / TABLE).read_text(encoding="utf-8"))
        entries = {path: Entry(**entry) for path, entry in told["entries"].items()}
        return cls(folder, told["policy"], tuple(told["pages"]), told["alive"], entries)

    def answer(self, path: str, headers: Headers) -> Response | None:
        """Return the answer to GET path, None if there is none; reads a file."""
        entry = self.entries.get("/" if path in self.pages else path)
        if entry is None:
            return None
        told = {
            "cache-control": FOREVER if entry.forever else ASK_AGAIN,
            "etag": entry.etag,
            "vary": "accept-encoding",
        }
        if knows(headers.get("if-none-match", ""), entry.etag):
            return Response(status_code=304, headers=told)
        body = (self.folder / entry.file).read_bytes()
        if "gzip" not in headers.get("accept-encoding", ""):
            return Response(gzip.decompress(body), headers=told, media_type=entry.type)
        told["content-encoding"] = "gzip"
        return Response(body, headers=told, media_type=entry.type)


def site_folder(base_path: str) -> Path:
    """Return where the site of this very installation lies, recorded or not."""
    return cache_folder() / "site" / _key(base_path)


def _key(base_path: str) -> str:
    """Return a hash of all that decides what Dash answers."""
    told = [__version__, sys.version, base_path, *(_version(package) for package in PACKAGES)]
    for path in sorted(each for each in SOURCE.rglob("*") if each.suffix in KEPT):
        about = path.stat()
        told.append(f"{path.relative_to(SOURCE)} {about.st_size} {about.st_mtime_ns}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:20]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
