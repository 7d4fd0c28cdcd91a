from __future__ import annotations

import json
from pathlib import Path

import pytest

from vizkit.cli.checks import BAD, Finding
from vizkit.cli.doctor import as_text
from vizkit.cli.main import main
from vizkit.testing import make_run


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "cache"))


def test_a_healthy_machine_and_folder_have_no_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "a", {"loss": [(0, 1.0)]})

    assert main(["doctor", str(tmp_path), "--json"]) == 0

    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert {"python", "dash", "torch", "dashboards", "port", "cache", "logdir"} <= found.keys()
    assert found["dashboards"]["level"] == "ok"
    assert "1 runs, 1 points" in found["logdir"]["text"]


def test_a_damaged_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = make_run(tmp_path / "a", {"loss": [(step, 1.0) for step in range(100)]})
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)

    assert main(["doctor", str(tmp_path)]) == 1

    assert file.name in capsys.readouterr().out


def test_a_missing_folder_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().out


def test_hints_stand_below_what_they_help_against() -> None:
    text = as_text([Finding("dash", BAD, "3.0, but vizkit needs dash>=4.4.1", "pip install dash")])

    assert text.splitlines() == [
        "BAD   dash  3.0, but vizkit needs dash>=4.4.1",
        "            -> pip install dash",
    ]
