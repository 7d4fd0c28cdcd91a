from __future__ import annotations

from collections.abc import Callable

import httpx

Get = Callable[..., httpx.Response]


def test_the_graph_is_there_from_the_step_it_was_logged_at(get: Get) -> None:
    known = get("graph", run="tiny", until=0).json()
    before = get("graph", run="tiny", until=-1).json()

    assert [node["id"] for node in known["nodes"]][:2] == ["", "fc1"]
    assert known["edges"][0] == {"src": "fc1", "dst": "relu1"}
    assert before["nodes"] == []
