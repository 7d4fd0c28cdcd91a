from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.site import site_folder


@pytest.fixture(scope="session")
def site_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record the pages, once for all tests."""
    # Here, not above: Dash takes most of a second to import.
    from dashboards.record import record

    folder = tmp_path_factory.mktemp("site") / "site"
    record(folder, "/")
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the indexes of a test apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("VIZKIT_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def recorded_site(cache: Path, site_once: Path) -> Path:
    """Put the recorded pages where a viewer looks for them; return their folder."""
    folder = site_folder("/")
    folder.parent.mkdir(parents=True)
    folder.symlink_to(site_once)
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
