from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from dashboards.api import add_routes
from dashboards.state import ViewerState
from vizkit.testing import make_run, tiny_run, wait_until

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerState]:
    """One run that has everything, one that a restart wrote anew, one that said no end."""
    logdir = tmp_path_factory.mktemp("runs")
    tiny_run(logdir)
    make_run(logdir / "again", {"loss": [(step, 1.0) for step in range(10)]}, status=None)
    make_run(
        logdir / "again",
        {"loss": [(step, 2.0) for step in range(5, 12)]},
        started=1_700_000_100.0,
    )
    make_run(logdir / "größe/ä", {"τ": [(0, 1.0)]}, status=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        state = ViewerState.open(logdir)
        wait_until(lambda: state.ingest.wait_settled(0.1) and len(state.index.runs()) == 3)
        yield state
        state.close()


@pytest.fixture
def get(state: ViewerState) -> Get:
    server = FastAPI()
    add_routes(server, state)

    async def request(path: str, headers: dict[str, str], params: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=server)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path, params=params or None, headers=headers)

    def get(path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx.Response:
        address = path if path.startswith("/") else f"/api/v1/{path}"
        return asyncio.run(request(address, headers or {}, params))

    return get


def unpack(body: bytes) -> tuple[dict[str, Any], bytes]:
    length, _ = struct.unpack_from("<II", body)
    return json.loads(body[8 : 8 + length]), body[8 + length :]


def test_health_says_who_we_are(get: Get) -> None:
    assert get("/healthz").json()["app"] == "vizkit"


def test_runs_tell_what_the_list_of_runs_shows(get: Get) -> None:
    found = {each["run"]: each for each in get("runs").json()}

    assert sorted(found) == ["again", "größe/ä", "tiny"]
    tiny = found["tiny"]
    assert (tiny["first_step"], tiny["last_step"], tiny["status"]) == (0, 199, "finished")
    assert (tiny["started"], tiny["ended"]) == (1_700_000_000.0, 1_700_000_020.0)
    assert (tiny["total_steps"], tiny["config"]["model"]) == (200, "mlp")
    assert "val/loss" in tiny["tags"]
    assert tiny["n_tags"] == len(tiny["tags"])
    assert found["again"]["attempts"] == 2
    assert found["größe/ä"]["status"] == "stalled"


def test_runs_can_be_had_without_their_tags(get: Get) -> None:
    assert all("tags" not in each for each in get("runs", tags=0).json())


def test_one_run_tells_its_environment_and_what_is_wrong_with_its_files(get: Get) -> None:
    found = get("run", run="tiny").json()

    assert found["environment"]["host"] == "testhost"
    assert (found["error"], found["problems"]) == (None, [])


def test_tags_tell_kind_and_extremes(get: Get) -> None:
    found = {each["tag"]: each for each in get("tags", run="tiny").json()}

    assert (found["loss"]["kind"], found["loss"]["points"], found["loss"]["nonfinite"]) == (
        "scalar",
        200,
        2,
    )
    part = found["grad_norm/fc1.weight"]
    assert (part["kind"], part["group"], part["position"]) == ("vector", "grad_norm/*", 0)


def test_a_short_series_comes_whole_with_nan_and_inf_as_words(get: Get) -> None:
    found = get("series", run="tiny", tag="loss").json()

    assert (found["run"], found["tag"]) == ("tiny", "loss")
    assert found["step"] == list(range(200))
    assert (found["value"][60], found["value"][61]) == ("NaN", "Infinity")
    assert (found["points"], found["exact"], found["total"]) == (200, True, 200)


def test_a_thinned_series_says_how_many_points_it_stands_for(get: Get) -> None:
    found = get("series", run="tiny", tag="lr", max_points=20).json()

    assert len(found["step"]) <= 20
    assert (found["points"], found["exact"]) == (200, False)


def test_a_window_ends_at_the_playhead(get: Get) -> None:
    found = get("series", run="tiny", tag="lr", x_min=10, x_max=50, until=29.5).json()

    assert found["step"] == list(range(10, 30))


def test_the_binary_form_holds_the_same_columns(get: Get) -> None:
    plain = get("series", run="tiny", tag="lr").json()

    asked = get("series", run="tiny", tag="lr", format="binary")
    accepted = get("series", {"accept": "application/octet-stream"}, run="tiny", tag="lr")

    header, columns = unpack(asked.content)
    assert header == {"points": 200, "exact": True, "total": 200, "n": 200, "ghosts": []}
    step, wall, value = np.frombuffer(columns, "<f8").reshape(3, 200).tolist()
    assert (step, wall, value) == (plain["step"], plain["wall_time"], plain["value"])
    assert accepted.content == asked.content


def test_an_earlier_attempt_is_a_ghost(get: Get) -> None:
    plain = get("series", run="again", tag="loss").json()
    header, columns = unpack(get("series", run="again", tag="loss", format="binary").content)

    assert plain["value"] == [1.0] * 5 + [2.0] * 7
    [ghost] = plain["ghosts"]
    assert (ghost["step"], ghost["value"]) == ([5, 6, 7, 8, 9], [1.0] * 5)
    assert header["ghosts"] == [{"attempt": ghost["attempt"], "n": 5}]
    assert np.frombuffer(columns, "<f8", 5, 8 * 3 * 12).tolist() == ghost["step"]


def test_a_heatmap_has_a_row_for_each_parameter(get: Get) -> None:
    answer = get("heatmap", run="tiny", prefix="grad_norm", columns=50, format="binary")

    header, columns = unpack(answer.content)
    rows, width = header["rows"], header["columns"]
    assert (rows, width) == (6, 50)
    assert header["names"][0] == "fc1.weight"
    assert np.frombuffer(columns, "<f8", width).tolist() == list(range(0, 200, 4))
    assert len(columns) == 8 * width + (4 + 1) * rows * width


def test_all_series_at_the_playhead(get: Get) -> None:
    found = get("at", run="tiny", until=60, prefix="val/").json()

    assert sorted(found) == ["val/accuracy", "val/loss"]
    assert get("at", run="tiny", until=60, prefix="loss").json() == {"loss": "NaN"}


def test_the_graph_is_there_from_the_step_it_was_logged_at(get: Get) -> None:
    known = get("graph", run="tiny", until=0).json()
    before = get("graph", run="tiny", until=-1).json()

    assert [node["id"] for node in known["nodes"]][:2] == ["", "fc1"]
    assert known["edges"][0] == {"src": "fc1", "dst": "relu1"}
    assert before["nodes"] == []


def test_an_export_is_a_file_with_every_point(get: Get) -> None:
    answer = get("export", run="tiny", tag="loss", format="csv")

    assert 'filename="tiny.csv"' in answer.headers["content-disposition"]
    assert len(answer.text.splitlines()) == 1 + 200
    assert "tiny,loss,60,1700000006.1,NaN,0" in answer.text
    assert [each["run"] for each in get("export", tag="loss", format="json").json()] == [
        "again",
        "tiny",
    ]


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
