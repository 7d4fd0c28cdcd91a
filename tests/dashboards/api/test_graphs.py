from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from dashboards.state import ViewerState
from tests.switching import switching
from vizkit.kinds.graph.graph import Graph, Node
from vizkit.testing import make_run, wait_until

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ViewerState]:
    """One run that switched its branch at step 100, and a graph that it logged by name."""
    logdir = tmp_path_factory.mktemp("runs")
    named = Graph((Node("conv", "op", "Conv", "conv", shapes=((1, 8),)),), source="onnx")
    loss = [(step, 1.0) for step in range(200)]
    make_run(logdir / "switch", {**switching(), "loss": loss, "net": [(3, named)]})
    make_run(logdir / "plain", {"loss": loss})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIZKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        state = ViewerState.open(logdir)
        wait_until(lambda: state.ingest.wait_settled(0.1) and len(state.index.runs()) == 2)
        yield state
        state.close()


def listed(get: Get, **params: object) -> dict[str, object]:
    found: dict[str, object] = get("graphs", run="switch", **params).json()
    return found


def test_versions_and_when_they_ran(get: Get) -> None:
    found = listed(get)

    one, two = found["versions"]
    assert (one["version"], one["first_step"], one["last_step"], one["count"]) == (1, 0, 99, 100)
    assert (two["version"], two["first_step"], two["last_step"], two["count"]) == (2, 100, 199, 100)
    assert (two["parent"], two["changes"], two["rolled"]) == (1, ["b now runs Tanh"], "b")
    assert found["turns"] == {"step": [0, 100], "version": [1, 2]}
    assert (found["exact"], found["unseen"], found["current"]) == (True, 0, 2)
    assert (found["tree"], found["broken"]) == (False, [])
    (logged,) = found["logged"]
    assert (logged["tag"], logged["step"], logged["source"], logged["nodes"]) == (
        "net",
        3,
        "onnx",
        1,
    )


def test_before_the_switch_the_second_version_is_not_known(get: Get) -> None:
    found = listed(get, until=50)

    assert [(each["version"], each["count"]) for each in found["versions"]] == [(1, 51)]
    assert found["turns"] == {"step": [0], "version": [1]}
    assert found["current"] == 1


def test_before_a_graph_was_logged_it_is_not_known(get: Get) -> None:
    assert listed(get, until=2)["logged"] == []


def test_a_run_without_graphs_has_empty_lists(get: Get) -> None:
    found = get("graphs", run="plain").json()

    assert (found["versions"], found["current"], found["logged"]) == ([], None, [])


def test_the_graph_at_the_playhead_is_the_one_that_ran(get: Get) -> None:
    early = get("graph", run="switch", form="rolled", until=50).json()
    late = get("graph", run="switch", form="rolled").json()

    assert early["nodes"]["id"] == [":Mul", "/a:Tanh"]
    assert late["nodes"]["id"] == [":Mul", "/b:Tanh"]
    assert late["counts"] == {":Mul": 1, "/b:Tanh": 1}
    assert early["key"] != late["key"]


def test_a_graph_is_asked_for_by_version_or_tag(get: Get) -> None:
    one = get("graph", run="switch", form="calls", version=1).json()
    net = get("graph", run="switch", form="calls", tag="net").json()

    assert (one["form"], one["nodes"]["id"]) == ("calls", [":Mul", "/a:Tanh"])
    assert (net["source"], net["nodes"]["id"]) == ("onnx", ["conv"])


def test_two_versions_are_compared_as_one_graph(get: Get) -> None:
    found = get("graph", run="switch", form="rolled", version=2, against=1).json()

    assert dict(zip(found["nodes"]["id"], found["nodes"]["change"], strict=True)) == {
        ":Mul": "",
        "/a:Tanh~gone": "removed",
        "/b:Tanh": "added",
    }
    assert found["edges"]["change"] == ["added", "removed"]
    assert found["diff"]["sentences"] == ["b now runs Tanh", "a no longer runs Tanh"]
    assert (found["diff"]["added"], found["diff"]["removed"]) == (1, 1)


def test_a_version_is_compared_with_a_graph_logged_by_name(get: Get) -> None:
    found = get("graph", run="switch", form="calls", version=2, against_tag="net").json()

    assert found["diff"]["removed"] == 1


@pytest.mark.parametrize(
    "params",
    [
        {"version": 3},
        {"version": 2, "until": 50},
        {"tag": "nope"},
        {"version": 1, "against": 7},
        {"form": "rolled", "until": -1},
    ],
)
def test_what_is_not_there_is_said(get: Get, params: dict[str, object]) -> None:
    answer = get("graph", run="switch", **params)

    assert answer.status_code == 404
    assert "up to there" in answer.json()["error"]


def test_a_run_that_is_not_there_is_said(get: Get) -> None:
    assert get("graphs", run="nope").status_code == 404
    assert get("graph", run="nope", form="calls").status_code == 404


@pytest.mark.parametrize("path", ["graphs?run=switch", "graph?run=switch&form=rolled&until=50"])
def test_a_graph_is_not_sent_twice(get: Get, path: str) -> None:
    first = get(f"/api/v1/{path}")

    again = get(f"/api/v1/{path}", headers={"if-none-match": first.headers["etag"]})

    assert again.status_code == 304
