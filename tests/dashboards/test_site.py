from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from dashboards.site import TABLE, Site, site_folder

ENTRY = {"file": "a.gz", "type": "text/html", "etag": 'W/"1"', "forever": False}
ALWAYS = {"file": "a.gz", "type": "text/javascript", "etag": 'W/"2"', "forever": True}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    told = {
        "policy": "default-src 'self'",
        "pages": ["/", "/scalars"],
        "alive": False,
        "entries": {"/": ENTRY, "/x.js": ALWAYS},
    }
    (tmp_path / TABLE).write_text(json.dumps(told))
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"hello"))
    return Site.load(tmp_path)


def test_a_packed_answer_goes_as_it_is_to_who_takes_it(site: Site) -> None:
    answer = site.answer("/scalars", Headers({"accept-encoding": "gzip, br"}))

    assert answer
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"hello"


def test_others_get_it_unpacked(site: Site) -> None:
    answer = site.answer("/", Headers({}))

    assert answer
    assert answer.body == b"hello"
    assert "content-encoding" not in answer.headers


def test_who_has_it_is_told_so(site: Site) -> None:
    answer = site.answer("/", Headers({"if-none-match": 'W/"0", W/"1"'}))

    assert answer
    assert answer.status_code == 304
    assert answer.body == b""


def test_what_is_named_by_its_content_is_kept_and_a_page_asked_for_again(site: Site) -> None:
    script, page = site.answer("/x.js", Headers({})), site.answer("/", Headers({}))

    assert script
    assert "immutable" in script.headers["cache-control"]
    assert page
    assert page.headers["cache-control"] == "no-cache"


def test_what_was_not_recorded_is_not_answered(site: Site) -> None:
    assert site.answer("/nowhere", Headers({})) is None


def test_a_broken_record_is_an_error(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_text('{"policy": ""}')

    with pytest.raises(KeyError):
        Site.load(tmp_path)


def test_a_site_is_that_of_one_installation_and_one_base_path(cache: Path) -> None:
    assert site_folder("/") == site_folder("/")
    assert site_folder("/") != site_folder("/p/")
    assert cache in site_folder("/").parents
