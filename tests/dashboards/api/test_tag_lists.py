from __future__ import annotations

from collections.abc import Callable

import httpx

Ask = Callable[..., httpx.Response]


def test_the_tags_of_many_runs_are_those_of_each(get: Ask, post: Ask) -> None:
    wanted = ["tiny", "again", "größe/ä"]

    told = post("tags", runs=[*wanted, "gone"]).json()

    assert sorted(told["runs"]) == sorted(wanted)
    for run in wanted:
        names = [told["tags"][place] for place in told["runs"][run]]
        rows = get("tags", run=run).json()
        assert names == [[row["tag"], row["group"], row["position"]] for row in rows]


def test_a_name_is_written_once(post: Ask) -> None:
    told = post("tags", runs=["tiny", "again"]).json()

    assert len({tag for tag, _, _ in told["tags"]}) == len(told["tags"])


def test_runs_are_names(post: Ask) -> None:
    assert post("tags", runs=[3]).status_code == 400
