from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from dashboards.api.body import Body
from dashboards.api.params import MOST_BYTES
from dashboards.api.problems import Problem

Ask = Callable[..., httpx.Response]


def test_numbers_and_words_are_read_as_those_of_a_query() -> None:
    params = Body({"a": 1.5, "b": 3, "c": None, "d": [1], "e": "x"}).params

    assert (params.number("a"), params.count("b", 0, low=0, high=9)) == (1.5, 3)
    assert (params.maybe("c"), params.maybe("d"), params.text("e")) == (None, None, "x")


def test_a_list_has_a_limit() -> None:
    body = Body({"runs": ["a", "b"], "tag": "loss"})

    assert (body.rows("runs", 2), body.rows("none", 2)) == (["a", "b"], [])
    for name, most in (("runs", 1), ("tag", 9)):
        with pytest.raises(Problem):
            body.rows(name, most)


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(ask: Ask, content: bytes) -> None:
    answer = ask("POST", "windows", content=content)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]


def test_a_request_may_not_be_endless(ask: Ask) -> None:
    assert ask("POST", "windows", content=b" " * (MOST_BYTES + 1)).status_code == 413


def test_an_unknown_address_is_answered_as_such(ask: Ask) -> None:
    answer = ask("POST", "nothing", content=b"{}")

    assert answer.status_code == 404
    assert "/api/v1/windows" in answer.json()["hint"]
