from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

Get = Callable[..., httpx.Response]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("series?tag=loss", 400, "'run'"),
        ("series?run=tiny", 400, "'tag'"),
        ("series?run=tiny&tag=nope", 404, "'nope'"),
        ("series?run=nope&tag=loss", 404, "'nope'"),
        ("series?run=tiny&tag=loss&until=NaN", 400, "'NaN'"),
        ("series?run=tiny&tag=loss&max_points=3", 400, "'3'"),
        ("series?run=tiny&tag=loss&axis=epoch", 400, "'epoch'"),
        ("series?run=tiny&tag=loss&format=xml", 400, "'xml'"),
        ("heatmap?run=tiny", 400, "'prefix'"),
        ("heatmap?run=nope&prefix=x", 404, "'nope'"),
        ("at?run=nope", 404, "'nope'"),
        ("graph?run=nope", 404, "'nope'"),
        ("run?run=..", 404, "'..'"),
        ("tags?run=nope", 404, "'nope'"),
        ("export?run=tiny&format=xls", 400, "'xls'"),
        ("export?run=tiny&tag=nope", 404, "'nope'"),
        ("runs?tags=maybe", 400, "'maybe'"),
        ("nothing", 404, "/api/v1/nothing"),
    ],
)
def test_a_bad_request_says_what_is_wrong_and_what_to_do(
    get: Get, path: str, status: int, words: str
) -> None:
    answer = get(f"/api/v1/{path}")

    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert answer.json()["hint"]
