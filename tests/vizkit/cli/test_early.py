import pytest

from vizkit.cachefolder import index_file
from vizkit.cli.early import start
from vizkit.events.decoder import adopt


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def logdir(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def started(logdir):
    found = adopt(logdir)
    if found is not None:
        found.close()
    return found is not None


def test_serve_begins_at_once(logdir):
    start(["serve", "--port", "0", str(logdir), "--no-browser"])

    assert started(logdir)


def test_a_logdir_with_an_index_is_not_read_again(logdir):
    index_file(logdir).parent.mkdir(parents=True)
    index_file(logdir).touch()

    start(["serve", str(logdir)])

    assert not started(logdir)


@pytest.mark.parametrize(
    "arguments",
    [["runs", "LOGDIR"], ["serve"], ["serve", "--help"], ["serve", "gone"], []],
    ids=" ".join,
)
def test_nothing_begins_for_anything_else(logdir, arguments):
    start([str(logdir) if each == "LOGDIR" else each for each in arguments])

    assert not started(logdir)
