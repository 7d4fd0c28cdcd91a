from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the indexes of a test apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("VIZKIT_CACHE", str(folder))
    return folder


def _assets(pattern: str) -> str:
    folder = Path(__file__).parents[2] / "dashboards" / "assets"
    return "\n".join(path.read_text() for path in sorted(folder.glob(pattern)))


@pytest.fixture(scope="session")
def scripts() -> str:
    """Every script of ours."""
    return _assets("js/*.js")


@pytest.fixture(scope="session")
def styles() -> str:
    """Every style sheet of ours."""
    return _assets("css/*.css")
