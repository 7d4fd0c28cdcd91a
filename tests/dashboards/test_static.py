from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import httpx

from dashboards.static import FOLDER, CachedAssets, fingerprinted


def ask(folder: Path, path: str, **headers: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=CachedAssets(directory=folder))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(request())


def test_a_fingerprinted_file_is_kept_and_any_other_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("let a = 1;")

    assert "immutable" in ask(tmp_path, "/a.js?m=1.5").headers["cache-control"]
    assert ask(tmp_path, "/a.js").headers["cache-control"] == "no-cache"


def test_a_gzip_copy_goes_to_browsers_that_take_one(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("let a = 1;")
    (tmp_path / "a.js.gz").write_bytes(gzip.compress(b"let a = 1;"))

    packed = ask(tmp_path, "/a.js", **{"accept-encoding": "gzip, br"})
    plain = ask(tmp_path, "/a.js", **{"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"].startswith("text/javascript")
    assert packed.text == plain.text == "let a = 1;"
    assert "content-encoding" not in plain.headers


def test_the_plotly_file_has_an_address_below_the_base_path() -> None:
    address = fingerprinted("vendor/plotly-cartesian.min.js", "/user/me/")

    assert address.startswith("/user/me/assets/vendor/plotly-cartesian.min.js?m=")
    assert (FOLDER / "vendor/plotly-cartesian.min.js").exists()
