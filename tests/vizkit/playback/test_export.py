from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.vizkit.index.batches import INF, NAN, batch, put
from vizkit.errors import ExportError, TagNotFoundError
from vizkit.index import Index
from vizkit.index.columns import Columns
from vizkit.index.pyramid import CHUNK
from vizkit.playback import export as exports
from vizkit.playback.export import FIELDS, ROWS, Part, choose, export, exported


def part(tag: str = "loss", values: tuple[float, ...] = (0.1, 1 / 3, float("nan"))) -> Part:
    n = len(values)
    step = np.arange(n, dtype=np.int64)
    columns = Columns(step, 0.5 + step, np.array(values), np.arange(n, dtype=np.int32) % 2)
    return Part("a, b", tag, lambda: [columns.take(slice(0, 1)), columns.take(slice(1, n))])


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


def test_a_file_begins_before_its_series_are_read() -> None:
    def endless() -> Iterator[Columns]:
        while True:
            yield Columns(*(np.zeros(ROWS, kind) for kind in ("i8", "f8", "f8", "i4")))

    pieces = exported([Part("run", "loss", endless)], "csv")

    assert next(pieces) == b"run,tag,step,wall_time,value,attempt\n"
    assert next(pieces).startswith(b"run,loss,0,0.0,0.0,0\n")


def test_a_series_of_the_index_keeps_every_bit(index: Index) -> None:
    values = np.random.default_rng(2).normal(size=3 * CHUNK) * 1e-300
    values[[5, 6, 7]] = NAN, INF, -0.0
    put(index, batch("loss", values))
    put(index, batch("loss", [1.0], attempt=1))

    text = written("csv", Part.of("run", "loss", index.series("run", "loss"))).decode()

    rows = list(csv.DictReader(text.splitlines()))
    found = np.array([float(row["value"]) for row in rows])
    assert found[:-1].tobytes() == values.tobytes()
    assert rows[5]["value"] == "NaN"
    assert rows[-1]["attempt"] == "1"


PEAK = """
import io, resource, sys
import numpy as np
from vizkit.events.batch import Batch, Points, TailState
from vizkit.index import Index
from vizkit.playback.export import Part, exported

class Sink:
    size = 0
n = int(sys.argv[3])
with Index.open(sys.argv[1], "sqlite:///" + sys.argv[2]) as index:
    for start in range(0, n, 100_000):
        step = np.arange(start, min(n, start + 100_000))
        zeros = np.zeros(len(step), np.int32)
        points = Points(("loss",), zeros, step, step * 0.1, np.sin(step), zeros)
        index.append("run", "file", Batch(points), TailState())
    index.commit()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for form in ("csv", "json", "parquet"):
        part = Part.of("run", "loss", index.series("run", "loss"))
        assert sum(map(len, exported([part], form))) > 10 * n
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_the_memory_does_not_grow_with_the_series(tmp_path: Path) -> None:
    """Of two million points: 56 MB as columns, a gigabyte as rows of Python objects."""
    args = [str(tmp_path), str(tmp_path / "index.db"), "2000000"]

    done = subprocess.run(
        [sys.executable, "-c", PEAK, *args], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) / 1024 < 220, "MB; pyarrow alone takes 60, the cache of chunks 64"
