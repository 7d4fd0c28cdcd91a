from __future__ import annotations

import json

import numpy as np

from dashboards.api.answers import as_binary, as_json


def test_json_says_what_json_cannot() -> None:
    answer = as_json({"value": np.array([1.0, np.nan]), "name": "größe \ud800"})

    assert answer.media_type == "application/json"
    assert json.loads(answer.body) == {"value": [1.0, "NaN"], "name": "größe ?"}


def test_columns_are_plain_bytes() -> None:
    assert as_binary(b"12345678").media_type == "application/octet-stream"
