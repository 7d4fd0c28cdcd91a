from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from dashboards.state import ViewerState
from vizkit.kinds.finding.finding import TAG, Finding
from vizkit.testing import make_run, wait_until

Get = Callable[..., httpx.Response]

NAN = Finding("nan_origin", 4, "log got -0.3", "error", tags=("loss",), op="log")
LATER = Finding("nan_origin", 9, "mul overflowed", "error")


@pytest.fixture(scope="module", autouse=True)
def _found(state: ViewerState) -> None:
    folder = state.logdir / "found"
    make_run(folder, {"loss": [(4, 1.0), (9, 2.0)], TAG: [(4, NAN), (9, LATER)]})
    wait_until(lambda: len(state.index.runs()) == 4)
    wait_until(lambda: state.index.stamp("found")[1] == 2)


def test_each_finding_names_its_run_and_all_that_it_holds(get: Get) -> None:
    found = get("findings", run="found").json()

    told = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(NAN).items()}
    assert found[0] == {"run": "found", **told}
    assert [each["step"] for each in found] == [4, 9]


def test_nothing_is_told_before_it_was_known(get: Get) -> None:
    assert get("findings", run="found", until=3).json() == []
    assert [each["step"] for each in get("findings", run="found", until=4).json()] == [4]


def test_several_runs_are_answered_together_without_those_that_are_gone(get: Get) -> None:
    found = get("findings", run=["tiny", "found", "gone"]).json()

    assert {each["run"] for each in found} == {"found"}


def test_a_run_that_is_not_there_is_said_so(get: Get) -> None:
    assert get("findings", run="gone").status_code == 404
    assert get("findings").status_code == 400


def test_an_answer_that_is_known_is_not_sent_again(get: Get) -> None:
    tag = get("findings", run="found").headers["etag"]

    assert get("findings", run="found", headers={"if-none-match": tag}).status_code == 304
