from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from vizkit.cli import checks
from vizkit.cli.checks import BAD, GOOD, NOTE


def test_a_version_is_compared_with_the_range_asked_for() -> None:
    assert checks.package(Requirement("numpy>=1")).level == GOOD
    too_old = checks.package(Requirement("numpy>=1000"))

    assert (too_old.level, too_old.hint) == (BAD, "pip install 'numpy>=1000'")


def test_a_missing_package_is_a_problem_unless_it_is_optional() -> None:
    assert checks.package(Requirement("no-such-package>=1")).level == BAD
    assert checks._missing("torch", "vizkit needs torch").level == NOTE


def test_what_vizkit_asks_for_is_looked_at() -> None:
    assert {"dash", "plotly", "SQLAlchemy", "torch"} <= {
        each.name for each in checks.requirements()
    }


def test_another_package_named_dashboards_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards/__init__.py").write_text("")
    assert checks.dashboards_package().level == GOOD

    monkeypatch.delitem(sys.modules, "dashboards", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))

    found = checks.dashboards_package()
    assert found.level == BAD
    assert str(tmp_path) in found.text


def test_a_port_in_use_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(checks, "PORT", other.getsockname()[1])
        assert checks.port().level == NOTE
    assert checks.port().level == GOOD


def test_a_cache_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "new/cache"))
    assert checks.cache_folder().level == GOOD

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "file/cache"))
    assert checks.cache_folder().level == BAD


def test_few_watches_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "max_user_watches"
    monkeypatch.setattr(checks, "INOTIFY", limit)
    assert checks.inotify().level == NOTE

    limit.write_text("100\n")
    assert "sysctl" in checks.inotify().hint

    limit.write_text("100000\n")
    assert checks.inotify().level == GOOD
