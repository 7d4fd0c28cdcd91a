from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from dashboards.api import routes
from dashboards.api.problems import HANDLERS
from dashboards.api.stamps import STAMPS
from dashboards.state import ViewerState
from tests.dashboards.helpers import append
from vizkit.testing import wait_until

Get = Callable[..., httpx.Response]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ViewerState]:
    """A LOGDIR whose index the test fills."""
    state = ViewerState.open(tmp_path)
    assert state.ingest.wait_settled(10)  # it forgets runs that have no folder at the start
    append(state.index, 10)
    yield state
    state.close()


def ask(state: ViewerState, path: str, **headers: str) -> httpx.Response:
    server = Starlette(routes=routes(state), exception_handlers=HANDLERS)

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(f"/api/v1/{path}", headers=headers)

    return asyncio.run(request())


@pytest.mark.parametrize(
    "path",
    ["series?run=tiny&tag=loss", "tags?run=tiny", "at?run=tiny", "graph?run=tiny", "columns"],
)
def test_what_did_not_change_is_not_sent_again(get: Get, path: str) -> None:
    first = get(f"/api/v1/{path}")

    again = get(f"/api/v1/{path}", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
    assert again.content == b""


def test_other_parameters_or_another_form_have_another_tag(get: Get) -> None:
    tags = {
        get("/api/v1/series?run=tiny&tag=loss").headers["etag"],
        get("/api/v1/series?run=tiny&tag=loss&max_points=10").headers["etag"],
        get("/api/v1/series?run=tiny&tag=loss", headers={"accept-encoding": "br"}).headers["etag"],
        get(
            "/api/v1/series?run=tiny&tag=loss", headers={"accept": "application/octet-stream"}
        ).headers["etag"],
    }

    assert len(tags) == 4


def test_new_points_make_a_new_answer(own: ViewerState) -> None:
    known = ask(own, "series?run=r&tag=loss").headers["etag"]

    append(own.index, 1)

    answer = ask(own, "series?run=r&tag=loss", **{"if-none-match": known})
    assert answer.status_code == 200
    assert answer.json()["points"] == 11


def test_points_of_one_series_leave_the_others_as_they_are(own: ViewerState) -> None:
    append(own.index, 5, tag="other")
    known = ask(own, "series?run=r&tag=loss").headers["etag"]

    append(own.index, 5, tag="other")

    answer = ask(own, "series?run=r&tag=loss", **{"if-none-match": known})
    assert answer.status_code == 304


def test_a_run_that_took_the_place_of_another_is_new(own: ViewerState) -> None:
    known = ask(own, "series?run=r&tag=loss").headers["etag"]

    own.index.forget("r")
    append(own.index, 10)

    answer = ask(own, "series?run=r&tag=loss", **{"if-none-match": known})
    assert answer.status_code == 200


def test_a_run_that_is_gone_is_an_error_and_not_unchanged(own: ViewerState) -> None:
    known = ask(own, "series?run=r&tag=loss").headers["etag"]

    own.index.forget("r")

    assert ask(own, "series?run=r&tag=loss", **{"if-none-match": known}).status_code == 404


def test_rows_that_lag_behind_the_index_are_never_taken_for_the_newest(own: ViewerState) -> None:
    """The table may answer with rows of a moment ago: their tag must not outlive them."""
    ask(own, "columns")
    append(own.index, 5, tag="other")
    known = ask(own, "columns")

    def has_other() -> bool:
        nonlocal known
        answer = ask(own, "columns", **{"if-none-match": known.headers["etag"]})
        known = answer if answer.status_code == 200 else known
        return "other" in [metric["tag"] for metric in known.json()["metrics"]]

    wait_until(has_other, 10)


def test_every_stamped_path_is_one_of_the_api() -> None:
    paths = {route.path for route in routes(None)}  # type: ignore[arg-type]

    assert STAMPS.keys() <= paths
