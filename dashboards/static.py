"""Assets on disk: served with cache headers, a `.gz` copy where the browser takes one."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "assets"
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


def fingerprinted(path: str, base_path: str = "/") -> str:
    """Return the address of an asset with its change time, as Dash writes it for its own."""
    changed = (FOLDER / path).stat().st_mtime
    return f"{base_path}assets/{path}?m={changed}"


class CachedAssets(StaticFiles):
    """Static files whose fingerprinted addresses (`?m=`) may be kept for ever by the browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one file; its gzip copy if there is one and the browser accepts it."""
        packed = _accepts_gzip(scope) and self._packed_copy(path)
        response = packed or await super().get_response(path, scope)
        marked = b"m" in parse_qs(scope.get("query_string", b""))
        response.headers["cache-control"] = FOREVER if marked else ASK_AGAIN
        return response

    def _packed_copy(self, path: str) -> Response | None:
        full, found = self.lookup_path(path + ".gz")
        if found is None or found.st_mtime < os.stat(full[:-3]).st_mtime:
            return None
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        headers = {"content-encoding": "gzip", "vary": "accept-encoding"}
        return FileResponse(full, media_type=kind, headers=headers, stat_result=found)


def knows(header: str, tag: str) -> bool:
    """Tell whether an If-None-Match header names a tag."""
    return tag in (each.strip() for each in header.split(",")) or header.strip() == "*"


def _accepts_gzip(scope: Scope) -> bool:
    named = dict(scope["headers"]).get(b"accept-encoding", b"")
    return b"gzip" in named
