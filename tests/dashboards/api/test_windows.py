from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np

Ask = Callable[..., httpx.Response]


def unpack(body: bytes) -> tuple[dict[str, Any], list[float]]:
    length, _ = struct.unpack_from("<II", body)
    return json.loads(body[8 : 8 + length]), np.frombuffer(body, "<f8", offset=8 + length).tolist()


def test_many_series_come_as_each_would_alone(get: Ask, post: Ask) -> None:
    series = [["tiny", "lr"], ["gone", "lr"], ["again", "loss"], ["größe/ä", "τ"]]

    header, values = unpack(post("windows", series=series, max_points=40).content)

    assert header["missing"] == [["gone", "lr"]]
    assert [[each["run"], each["tag"]] for each in header["series"]] == [
        series[0],
        *series[2:],
    ]
    expected: list[float] = []
    for told in header["series"]:
        plain = get("series", run=told["run"], tag=told["tag"], max_points=40).json()
        assert (told["points"], told["exact"]) == (plain["points"], plain["exact"])
        assert (told["n"], told["nonfinite"]) == (len(plain["step"]), plain["nonfinite"])
        expected += plain["step"] + plain["wall_time"] + plain["value"]
        for ghost in plain["ghosts"]:
            expected += ghost["step"] + ghost["wall_time"] + ghost["value"]
    assert values == expected


def test_windows_take_the_range_and_the_playhead(post: Ask) -> None:
    asked = {"series": [["tiny", "lr"]], "x_min": 10, "x_max": 50, "until": 29.5, "axis": "step"}

    header, values = unpack(post("windows", **asked).content)

    assert values[: header["series"][0]["n"]] == list(range(10, 30))


def test_no_series_is_an_empty_answer(post: Ask) -> None:
    assert unpack(post("windows").content) == ({"series": [], "missing": []}, [])


def test_a_series_has_two_names(post: Ask) -> None:
    for series in (["tiny"], [["tiny"]], [["tiny", 3]], {"run": "tiny"}):
        assert post("windows", series=series).status_code == 400


def test_an_answer_has_a_limit(post: Ask) -> None:
    answer = post("windows", series=[["tiny", "lr"]] * 30, max_points=1_000_000)

    assert answer.status_code == 400
    assert "fewer" in answer.json()["hint"]


def test_bands_come_by_group(post: Ask) -> None:
    groups = [{"key": "both", "runs": ["again", "tiny"]}, {"key": "none", "runs": ["gone"]}]

    header, values = unpack(post("bands", tag="loss", groups=groups, x_max=3).content)

    assert header == {
        "groups": [
            {"key": "both", "n": 4, "runs": 2, "nonfinite": 0},
            {"key": "none", "n": 0, "runs": 0, "nonfinite": 0},
        ]
    }
    x, mean, _std, low, high, _median, count = np.reshape(values, (7, 4)).tolist()
    assert (x, count) == ([0, 1, 2, 3], [2] * 4)
    assert all(a <= b <= c for a, b, c in zip(low, mean, high, strict=True))


def test_bands_need_a_tag_and_groups_of_names(post: Ask) -> None:
    assert post("bands", groups=[]).status_code == 400
    for group in ("a", {"key": "a"}, {"key": 3, "runs": []}, {"key": "a", "runs": [3]}):
        assert post("bands", tag="loss", groups=[group]).status_code == 400
