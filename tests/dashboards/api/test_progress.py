from __future__ import annotations

from collections.abc import Callable

import httpx

Get = Callable[..., httpx.Response]


def test_progress_tells_how_far_indexing_is(get: Get) -> None:
    told = get("/api/v1/progress").json()

    assert told["done"] is True
    assert told["indexed"] == told["total"] > 0
    assert told["runs"] == 3
    assert told["files"] == told["files_done"]
    assert told["seconds_left"] == 0.0
