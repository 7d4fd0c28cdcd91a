"""Every test has a cache folder and a LOGDIR of its own."""

import pytest

from vizkit.index import Index


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("VIZKIT_CACHE", str(folder))
    return folder


@pytest.fixture
def logdir(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def index(logdir):
    with Index.open(logdir) as opened:
        yield opened
