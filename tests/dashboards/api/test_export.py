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
