from __future__ import annotations

import asyncio
import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.bundle import join_scripts
from dashboards.record import LATEST, ask, record
from dashboards.site import TABLE, Site
from dashboards.static import FOLDER


def body(site: Site, path: str) -> str:
    return gzip.decompress((site.folder / site.entries[path].file).read_bytes()).decode()


def test_a_page_has_one_script_and_one_style_sheet_of_ours(recorded_site: Path) -> None:
    site = Site.load(recorded_site)

    page = body(site, "/")

    ours = re.findall(r'(?:src|href)="(/_vizkit/vizkit-\w+\.(?:js|css))"', page)
    assert [Path(each).suffix for each in ours] == [".css", ".js"]
    assert set(ours) <= site.entries.keys()
    assert "/assets/" not in page


def test_our_script_comes_after_react_and_before_the_renderer(recorded_site: Path) -> None:
    page = body(Site.load(recorded_site), "/")

    sources = re.findall(r'<script src="([^"]*)"', page)
    places = [
        next(place for place, source in enumerate(sources) if word in source)
        for word in ("/react@", "/_vizkit/", "/dash_renderer.")
    ]
    assert places == sorted(places)


def test_all_our_scripts_are_in_the_one(recorded_site: Path) -> None:
    site = Site.load(recorded_site)
    name = next(path for path in site.entries if path.endswith(".js") and "vizkit-" in path)

    assert body(site, name) == join_scripts(sorted((FOLDER / "js").glob("*.js"))).content.decode()


def test_scripts_are_kept_for_ever_and_pages_are_not(recorded_site: Path) -> None:
    entries = Site.load(recorded_site).entries

    scripts = [path for path in entries if path.endswith((".js", ".css"))]
    assert all(entries[path].forever for path in scripts)
    assert not entries["/"].forever
    assert not entries["/_dash-layout"].forever


def test_behind_a_proxy_the_page_names_its_path(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from dashboards.record import main; main()", tmp_path / "a", "/p/"],
        check=False,
    )

    site = Site.load(tmp_path / "a")
    assert done.returncode == 0
    assert 'src="/p/_vizkit/vizkit-' in body(site, "/")
    assert any(path.startswith("/_vizkit/vizkit-") for path in site.entries)


def test_recording_twice_is_harmless_and_old_sites_go(recorded_site: Path, tmp_path: Path) -> None:
    for number in range(LATEST + 2):
        shutil.copytree(recorded_site, tmp_path / f"old{number}")

    record(tmp_path / "new", "/")
    record(tmp_path / "new", "/")

    sites = {path.parent.name for path in tmp_path.glob(f"*/{TABLE}")}
    assert "new" in sites
    assert len(sites) <= LATEST + 1


def test_what_cannot_be_recorded_is_an_error() -> None:
    async def refuse(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})  # type: ignore

    with pytest.raises(ValueError, match="500"):
        asyncio.run(ask(refuse, "/"))
