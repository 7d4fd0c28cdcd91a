from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vizkit.cli.main import COMMANDS, main
from vizkit.errors import LogdirNotFoundError
from vizkit.testing import tiny_run
from vizkit.version import __version__


def vizkit(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "vizkit.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"vizkit {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == 0
    assert f"usage: vizkit {command}" in capsys.readouterr().out


def test_without_a_command_the_help_is_a_mistake_away(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "runs", "export"])
def test_a_missing_folder_is_one_line_that_says_what_to_do(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([command, str(tmp_path / "nowhere")])

    error = capsys.readouterr().err
    assert status == 2
    assert error.startswith("vizkit: The folder")
    assert "nowhere" in error
    assert "pass another folder" in error
    assert error.count("\n") == 1


def test_the_traceback_is_shown_to_who_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIZKIT_DEBUG", "1")

    with pytest.raises(LogdirNotFoundError):
        main(["runs", str(tmp_path / "nowhere")])


def test_the_command_runs_without_a_warning_and_survives_a_closed_pipe(tmp_path: Path) -> None:
    tiny_run(tmp_path, steps=2000)
    command = f"{sys.executable} -W error -m vizkit.cli.main export {tmp_path} | head -1"

    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)

    assert done.stdout == "run,tag,step,wall_time,value,attempt\n"
    assert done.stderr == ""
