from __future__ import annotations

import json
from pathlib import Path

import pytest

from vizkit.cli.main import main
from vizkit.testing import make_run, tiny_run


def test_runs_are_listed_newest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_run(tmp_path)
    make_run(tmp_path / "later", {"train/loss": [(0, 1.0), (9, 0.25)]}, started=1_800_000_000.0)

    assert main(["runs", str(tmp_path)]) == 0

    title, later, tiny = capsys.readouterr().out.splitlines()
    assert title.split()[:3] == ["run", "status", "steps"]
    assert later.split()[:5] == ["later", "finished", "0-9", "2", "0.25"]
    assert tiny.split()[:3] == ["tiny", "finished", "0-199"]


def test_json_holds_everything_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a/ü", {"loss": [(3, 1.0)]}, config={"lr": float("nan")})

    assert main(["runs", str(tmp_path), "--json"]) == 0

    [found] = json.loads(capsys.readouterr().out)
    assert (found["run"], found["tags"], found["status"]) == ("a/ü", ["loss"], "finished")
    assert (found["first_step"], found["last_step"]) == (3, 3)
    assert found["started"] == 1_700_000_000.0
    assert found["config"] == {"lr": "NaN"}


def test_tags_are_named_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", {"val/accuracy": [(3, 1.0)]})

    main(["runs", str(tmp_path), "--tags"])

    assert "val/accuracy" in capsys.readouterr().out


def test_an_empty_folder_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", str(tmp_path)]) == 0
    assert "No runs under" in capsys.readouterr().out

    assert main(["runs", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def listed(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert main(["runs", *args, "--json"]) == 0
    return [found["run"] for found in json.loads(capsys.readouterr().out)]


def test_a_filter_leaves_some_and_sorts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, rate, loss in (("a", 0.1, 3.0), ("b", 0.2, 1.0), ("c", 0.3, 2.0)):
        make_run(tmp_path / name, {"val/loss": [(0, 9.0), (1, loss)]}, config={"lr": rate})

    assert listed(capsys, str(tmp_path), "--filter", "lr > 0.1", "--sort", "val/loss") == ["b", "c"]
    assert listed(capsys, str(tmp_path), "--sort=-lr") == ["c", "b", "a"]
    assert main(["runs", str(tmp_path), "--filter", "lr > 5"]) == 0
    assert "None of the 3 runs" in capsys.readouterr().out


def test_a_wrong_filter_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "a", {"loss": [(0, 9.0)]})

    assert main(["runs", str(tmp_path), "--filter", "los < 3"]) != 0
    assert 'no run has los. There is last["loss"]' in capsys.readouterr().err
