from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the indexes of a test apart from the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("VIZKIT_CACHE", str(folder))
    return folder
