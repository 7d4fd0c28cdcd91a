"""Every test has a cache folder and a LOGDIR of its own; tests of an index run on every engine."""

from functools import partial

import pytest

from vizkit.index import Index

ENGINES = ("sqlite file", "sqlite memory", "postgresql")


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


def url_of(engine, request):
    if engine == "postgresql":
        return request.getfixturevalue("postgres").url()
    return "sqlite://" if engine == "sqlite memory" else None


@pytest.fixture(params=ENGINES)
def index(request, logdir):
    """An open index, on each engine."""
    with Index.open(logdir, url_of(request.param, request)) as opened:
        yield opened


@pytest.fixture(params=["sqlite file", "postgresql"])
def open_index(request, logdir):
    """What opens the index of the LOGDIR, on each engine that keeps it."""
    return partial(Index.open, logdir, url_of(request.param, request))


@pytest.fixture
def file_index(logdir):
    """An open index in a file."""
    with Index.open(logdir) as opened:
        yield opened
