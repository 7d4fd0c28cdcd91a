from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from vizkit.errors import ExportError, TagNotFoundError
from vizkit.index.columns import Columns
from vizkit.playback import export as exports
from vizkit.playback.export import FIELDS, Part, choose, export


def part(tag: str = "loss", values: tuple[float, ...] = (0.1, 1 / 3, float("nan"))) -> Part:
    n = len(values)
    step = np.arange(n, dtype=np.int64)
    columns = Columns(step, 0.5 + step, np.array(values), np.arange(n, dtype=np.int32) % 2)
    return Part("a, b", tag, columns)


def written(form: str, *parts: Part) -> bytes:
    out = io.BytesIO()
    export(parts, form, out)
    return out.getvalue()


def test_csv_is_quoted_and_gives_every_double_back() -> None:
    rows = list(csv.reader(written("csv", part()).decode().splitlines()))

    assert rows[0] == list(FIELDS)
    assert rows[1:] == [
        ["a, b", "loss", "0", "0.5", "0.1", "0"],
        ["a, b", "loss", "1", "1.5", repr(1 / 3), "1"],
        ["a, b", "loss", "2", "2.5", "NaN", "0"],
    ]


def test_json_says_nan_and_inf_as_words() -> None:
    infinite = part("x", (float("inf"), float("-inf")))

    first, second = json.loads(written("json", part(), infinite))

    assert first["value"] == [0.1, 1 / 3, "NaN"]
    assert second["value"] == ["Infinity", "-Infinity"]
    assert (second["run"], second["tag"], second["attempt"]) == ("a, b", "x", [0, 1])


def test_parquet_keeps_types_and_shares_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "GROUP", 4)

    file = pq.ParquetFile(io.BytesIO(written("parquet", part("x"), part("y"), part("z"))))

    table = file.read()
    assert table.column_names == list(FIELDS)
    assert table["tag"].to_pylist() == ["x"] * 3 + ["y"] * 3 + ["z"] * 3
    assert table["step"].to_pylist() == [0, 1, 2] * 3
    assert np.isnan(table["value"].to_numpy()[2::3]).all()
    assert file.num_row_groups == 2


@pytest.mark.parametrize(
    ("form", "empty"), [("csv", b",".join(map(str.encode, FIELDS)) + b"\n"), ("json", b"[\n]\n")]
)
def test_nothing_is_a_file_too(form: str, empty: bytes) -> None:
    assert written(form) == empty


def test_the_file_stays_open_for_its_owner(tmp_path: Path) -> None:
    with (tmp_path / "out.csv").open("wb") as out:
        export([part()], "csv", out)
        out.write(b"more")


def test_an_unknown_form_names_the_known_ones() -> None:
    with pytest.raises(ExportError, match="csv, json, parquet"):
        export([], "xls", io.BytesIO())


def test_tags_are_chosen_by_name_or_pattern() -> None:
    tags_of = {"a": ["loss", "val/loss", "val/[x]"], "b": ["loss"]}

    assert choose(tags_of, []) == [("a", tag) for tag in tags_of["a"]] + [("b", "loss")]
    assert choose(tags_of, ["loss"]) == [("a", "loss"), ("b", "loss")]
    assert choose(tags_of, ["val/*"]) == [("a", "val/loss"), ("a", "val/[x]")]
    assert choose(tags_of, ["val/[x]"]) == [("a", "val/[x]")]
    with pytest.raises(TagNotFoundError, match="'nope'"):
        choose(tags_of, ["loss", "nope"])
