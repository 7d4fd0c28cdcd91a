from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np

Get = Callable[..., httpx.Response]
NOTHING_ODD: dict[str, Any] = {"nonfinite": 0, "ghosts": []}


def unpack(body: bytes) -> tuple[dict[str, Any], bytes]:
    length, _ = struct.unpack_from("<II", body)
    return json.loads(body[8 : 8 + length]), body[8 + length :]


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
    assert header == {"points": 200, "exact": True, "total": 200, "n": 200} | NOTHING_ODD
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


def test_a_value_at_the_playhead_says_from_which_step_it_is(get: Get) -> None:
    plain = get("at", run="tiny", until=57, prefix="val/").json()

    told = get("at", run="tiny", until=57, prefix="val/", steps=1).json()

    assert told == {tag: [49, value] for tag, value in plain.items()}
