from __future__ import annotations

from collections.abc import Callable

import httpx

Get = Callable[..., httpx.Response]


def test_the_table_has_a_row_for_each_run_that_a_filter_leaves(get: Get) -> None:
    found = get("table", filter="loss < 9 or points > 100", sort="points", desc=1).json()

    assert (found["total"], found["matched"]) == (3, 2)
    tiny, again = found["rows"]
    assert (tiny["run"], again["run"]) == ("tiny", "again")
    assert again["metrics"] == {"loss": {"last": 2.0, "min": 1.0, "max": 2.0}}
    assert (again["points"], again["last_step"]) == (17, 11)
    assert tiny["config"].keys() >= {"lr"}


def test_a_page_of_the_table_is_counted_from_the_whole(get: Get) -> None:
    found = get("table", sort="run", offset=1, limit=1).json()

    assert (found["total"], found["matched"]) == (3, 3)
    assert [row["run"] for row in found["rows"]] == ["größe/ä"]


def test_only_the_columns_asked_for_are_told(get: Get) -> None:
    found = get("table", filter='run == "tiny"', columns="loss,lr").json()

    [row] = found["rows"]
    assert row["metrics"].keys() == {"loss", "lr"}
    assert row["config"].keys() == {"lr"}


def test_match_names_the_runs(get: Get) -> None:
    found = get("match", search="^(TINY|again)$").json()

    assert found == {"total": 3, "matched": 2, "runs": ["again", "tiny"]}


def test_a_filter_leaves_runs_of_the_list(get: Get) -> None:
    assert [row["run"] for row in get("runs", tags=0, filter="has(lr)").json()] == ["tiny"]
    assert [row["run"] for row in get("runs", tags=0, search="ag").json()] == ["again"]


def test_a_wrong_filter_is_a_wrong_request(get: Get) -> None:
    for path in ("table", "match", "runs"):
        answer = get(path, filter="lr >")
        assert answer.status_code == 400
        assert "at its end" in answer.json()["error"]


def test_columns_name_what_runs_can_be_told_by(get: Get) -> None:
    found = get("columns").json()

    lr = next(column for column in found["config"] if column["key"] == "lr")
    assert (lr["kind"], lr["runs"], lr["distinct"], len(lr["values"])) == ("number", 1, 1, 1)
    assert lr["low"] == lr["high"] == lr["values"][0]
    assert {"tag": "loss", "runs": 2} in found["metrics"]
