from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from vizkit.cli.export import form_of
from vizkit.cli.main import main
from vizkit.testing import make_run, tiny_run


def test_csv_goes_to_the_terminal(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    make_run(tmp_path / "a", {"loss": [(0, 0.1), (1, float("nan"))]})

    assert main(["export", str(tmp_path)]) == 0

    assert capfdbinary.readouterr().out.decode() == (
        "run,tag,step,wall_time,value,attempt\n"
        "a,loss,0,1700000000.1,0.1,0\n"
        "a,loss,1,1700000000.2,NaN,0\n"
    )


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_every_point_reaches_the_file(tmp_path: Path, form: str) -> None:
    tiny_run(tmp_path / "runs")
    target = tmp_path / f"out.{form}"

    assert (
        main(["export", str(tmp_path / "runs"), "--tag", "loss", "val/*", "-o", str(target)]) == 0
    )

    assert count_points(target) == 200 + 20 + 20
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def count_points(file: Path) -> int:
    if file.suffix == ".parquet":
        return int(pq.read_table(file).num_rows)
    text = file.read_text()
    if file.suffix == ".json":
        return sum(len(series["step"]) for series in json.loads(text))
    return len(list(csv.DictReader(text.splitlines())))


def test_runs_can_be_chosen(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        make_run(tmp_path / "runs" / name, {"loss": [(0, 1.0)]})
    target = tmp_path / "out.json"

    main(["export", str(tmp_path / "runs"), "--run", "a", "--run", "c", "-o", str(target)])

    assert [series["run"] for series in json.loads(target.read_text())] == ["a", "c"]


@pytest.mark.parametrize("choice", [["--run", "nope"], ["--tag", "nope"]])
def test_what_is_not_there_is_named(
    tmp_path: Path, choice: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "a", {"loss": [(0, 1.0)]})

    assert main(["export", str(tmp_path), *choice]) == 2
    assert "'nope'" in capsys.readouterr().err


def test_a_folder_without_runs_and_a_file_that_cannot_be_written_are_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    make_run(tmp_path / "runs/a", {"loss": [(0, 1.0)]})

    assert main(["export", str(empty)]) == 2
    assert main(["export", str(tmp_path / "runs"), "-o", str(tmp_path / "no/out.csv")]) == 2

    no_runs, no_folder = capsys.readouterr().err.splitlines()
    assert "No runs under" in no_runs
    assert "Cannot write" in no_folder


def test_the_file_name_tells_the_form() -> None:
    assert [form_of(name) for name in ("a.JSON", "a.parquet", "a.txt", "-")] == [
        "json",
        "parquet",
        "csv",
        "csv",
    ]
