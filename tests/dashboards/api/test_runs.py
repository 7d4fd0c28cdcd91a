from __future__ import annotations

from collections.abc import Callable

import httpx

from vizkit.testing import wait_until

Get = Callable[..., httpx.Response]


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


def test_files_that_cannot_be_read_are_told_even_where_no_run_is(state, get: Get) -> None:
    assert get("problems").json() == []

    (state.logdir / "link").mkdir()
    broken = state.logdir / "link" / "events.out.tfevents.1.host.1.0"
    broken.symlink_to("/nowhere")
    wait_until(lambda: get("problems").json(), timeout=10)

    (problem,) = get("problems").json()
    assert problem["path"] == str(broken)
    assert "does not exist" in problem["message"]


def test_tags_tell_kind_and_extremes(get: Get) -> None:
    found = {each["tag"]: each for each in get("tags", run="tiny").json()}

    assert (found["loss"]["kind"], found["loss"]["points"], found["loss"]["nonfinite"]) == (
        "scalar",
        200,
        2,
    )
    part = found["grad_norm/fc1.weight"]
    assert (part["kind"], part["group"], part["position"]) == ("vector", "grad_norm/*", 0)
