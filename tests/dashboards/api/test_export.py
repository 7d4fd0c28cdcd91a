from __future__ import annotations

from collections.abc import Callable

import httpx

Get = Callable[..., httpx.Response]


def test_an_export_is_a_file_with_every_point(get: Get) -> None:
    answer = get("export", run="tiny", tag="loss", format="csv")

    assert 'filename="tiny.csv"' in answer.headers["content-disposition"]
    assert len(answer.text.splitlines()) == 1 + 200
    assert "tiny,loss,60,1700000006.1,NaN,0" in answer.text
    assert [each["run"] for each in get("export", tag="loss", format="json").json()] == [
        "again",
        "tiny",
    ]


def test_a_name_that_no_header_can_say_is_encoded(get: Get) -> None:
    answer = get("export", run="größe/ä", format="csv")

    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%A4.csv"
    assert len(answer.text.splitlines()) == 2


def test_what_is_wrong_is_said_before_the_file_begins(get: Get) -> None:
    assert get("export", run="gone").status_code == 404
    assert get("export", run="tiny", tag="gone").status_code == 404
    assert get("export", format="xls").status_code == 400
