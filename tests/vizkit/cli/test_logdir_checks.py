from __future__ import annotations

from pathlib import Path

from vizkit.cli.logdir_checks import logdir_findings
from vizkit.testing import make_run


def test_a_folder_of_runs_is_summed_up(tmp_path: Path) -> None:
    make_run(tmp_path / "a", {"loss": [(0, 1.0), (1, 0.5)]})

    [found] = logdir_findings(str(tmp_path))

    assert found.level == "ok"
    assert "1 runs, 2 points" in found.text


def test_a_folder_without_runs_is_worth_a_note(tmp_path: Path) -> None:
    [found] = logdir_findings(str(tmp_path))

    assert (found.level, bool(found.hint)) == ("note", True)


def test_what_is_no_folder_is_a_problem(tmp_path: Path) -> None:
    [found] = logdir_findings(str(tmp_path / "nowhere"))

    assert found.level == "problem"
