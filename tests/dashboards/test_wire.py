from __future__ import annotations

import json
import struct

import numpy as np

from dashboards.wire import (
    Block,
    f64,
    jsonable,
    numbers,
    pack_columns,
    pack_frame,
    pack_points,
    to_json,
)


def test_a_frame_is_read_back_without_a_copy() -> None:
    column = np.arange(3.0)
    frame = pack_frame([Block(7, 1234, 3, pack_points(column, column + 0.5, column * 2))])

    assert struct.unpack_from("<II", frame) == (1, 0)
    assert struct.unpack_from("<IId", frame, 8) == (7, 3, 1234.0)
    assert np.frombuffer(frame, "<f8", offset=24).reshape(3, 3).tolist() == [
        [0.0, 1.0, 2.0],
        [0.5, 1.5, 2.5],
        [0.0, 2.0, 4.0],
    ]


def test_steps_and_small_floats_become_doubles() -> None:
    step = np.array([1, 2], np.int64)
    value = np.array([0.5, np.nan], np.float32)

    frame = pack_frame([Block(1, 0, 2, pack_points(step, step, value))])

    columns = np.frombuffer(frame, "<f8", offset=24).reshape(3, 2)
    assert columns[0].tolist() == [1.0, 2.0]
    assert np.isnan(columns[2, 1])


def test_columns_behind_a_json_header_are_aligned() -> None:
    packed = pack_columns({"n": 1, "name": "über"}, [f64(np.array([2.5]))])

    length, zero = struct.unpack_from("<II", packed)
    assert zero == 0
    assert length % 8 == 0
    assert json.loads(packed[8 : 8 + length]) == {"n": 1, "name": "über"}
    assert np.frombuffer(packed, "<f8", offset=8 + length).tolist() == [2.5]


def test_nan_and_inf_are_words_in_json() -> None:
    column = np.array([1.0, np.nan, np.inf, -np.inf])

    assert numbers(column) == [1.0, "NaN", "Infinity", "-Infinity"]
    assert jsonable({"a": float("nan"), "b": (np.float32(1.5), np.int64(2))}) == {
        "a": "NaN",
        "b": [1.5, 2],
    }


def test_json_text_says_the_same_as_its_parts_one_by_one() -> None:
    values = [
        {"run": "größe", "points": 3, "started": 1.5, "config": {"a": [1, None, True]}},
        {"lr": float("nan"), "deep": {"x": [float("-inf")]}},
        {"array": np.array([1.0, np.nan]), "count": np.int64(3), "small": np.float32(0.5)},
        {"kinds": {"a"}, "path": ("a", 2), ("odd", "key"): 1},
    ]

    for value in values:
        assert json.loads(to_json(value)) == json.loads(json.dumps(jsonable(value)))
