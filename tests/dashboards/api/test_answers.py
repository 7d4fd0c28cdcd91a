from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
from starlette.responses import FileResponse, StreamingResponse

from dashboards.api.answers import Asked, as_binary, as_json, packed


def test_json_says_what_json_cannot() -> None:
    answer = as_json({"value": np.array([1.0, np.nan]), "name": "größe \ud800"})

    assert answer.media_type == "application/json"
    assert json.loads(answer.body) == {"value": [1.0, "NaN"], "name": "größe ?"}


def test_columns_are_plain_bytes() -> None:
    assert as_binary(b"12345678").media_type == "application/octet-stream"


def asked(gzip: bool = True) -> Asked:
    return Asked("/api/v1/x?", accept="", known="", gzip=gzip, safe=True)


def test_long_json_is_compressed_for_those_who_take_it() -> None:
    body = [{"name": f"run{n}"} for n in range(200)]

    answer, plain = packed(as_json(body), asked()), packed(as_json(body), asked(gzip=False))

    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert gzip.decompress(answer.body) == plain.body
    assert "content-encoding" not in plain.headers
    assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"


def test_short_json_is_left_alone() -> None:
    assert "content-encoding" not in packed(as_json([1]), asked()).headers


def test_columns_are_compressed_only_where_they_shrink() -> None:
    noise = np.random.default_rng(1).normal(size=5000).tobytes()
    steps = np.arange(5000.0).tobytes()

    assert "content-encoding" not in packed(as_binary(noise), asked()).headers
    assert packed(as_binary(steps), asked()).headers["content-encoding"] == "gzip"


def test_files_and_streams_go_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 10_000)

    assert "content-encoding" not in packed(FileResponse(tmp_path / "a"), asked()).headers
    assert "content-encoding" not in packed(StreamingResponse([b"a" * 10_000]), asked()).headers
