import json
import shutil
import sqlite3

import pytest

from vizkit.cachefolder import index_file
from vizkit.cli.main import main
from vizkit.index import Index
from vizkit.testing import make_run


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(params=["sqlite file", "postgresql"])
def where(request):
    """The options that name the database, on each engine."""
    if request.param == "sqlite file":
        return []
    return ["--index", request.getfixturevalue("postgres").url()]


@pytest.fixture
def logdir(tmp_path):
    for name in ("a", "b"):
        make_run(tmp_path / "runs" / name, {"loss": [(n, 1.0) for n in range(5000)]})
    return tmp_path / "runs"


def vizkit(capsys, *arguments):
    """Run a command; returns its status and what it printed."""
    status = main(["index", *map(str, arguments)])
    told = capsys.readouterr()
    return status, told.out + told.err


def test_rebuilding_reads_everything_and_stats_tell_of_it(capsys, logdir, where):
    assert vizkit(capsys, "stats", logdir, *where)[0] == 2

    status, text = vizkit(capsys, "rebuild", logdir, *where)
    assert status == 0
    assert "10,000 points of 2 runs" in text
    found = json.loads(vizkit(capsys, "stats", logdir, "--json", *where)[1])

    assert (found["runs"], found["series"], found["points"]) == (2, 2, 10_000)
    assert found["indexed"] == found["total"] > 100_000
    assert found["size"] == found["bytes_per_point"] * 10_000 > 0
    assert not found["held"]
    assert "(100.0%)" in vizkit(capsys, "stats", logdir, *where)[1]


def test_what_a_server_holds_is_told_and_not_removed(capsys, logdir, where):
    with Index.open(logdir, where[-1] if where else None):
        status, text = vizkit(capsys, "rebuild", logdir, *where)

        assert status == 2
        assert "A server holds the index" in text
        assert "a server writes it" in vizkit(capsys, "stats", logdir, *where)[1]


def test_a_sound_index_passes_the_check(capsys, logdir, where):
    vizkit(capsys, "rebuild", logdir, *where)

    assert vizkit(capsys, "check", logdir, *where) == (0, "The index is sound.\n")


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE chunk SET data = zeroblob(9) WHERE level = 1", "In table chunk"),
        ("UPDATE run SET data = zeroblob(9)", "In table run"),
        ("DELETE FROM chunk WHERE level = 0 AND part = 0", "lost columns"),
        ("UPDATE meta SET value = '1' WHERE key = 'version'", "version is '1'"),
        ("DELETE FROM run", "run 0 of series"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(capsys, logdir, statement, complaint):
    vizkit(capsys, "rebuild", logdir)
    with sqlite3.connect(index_file(logdir)) as connection:
        connection.execute(statement)
    connection.close()

    for _ in range(2):
        status, text = vizkit(capsys, "check", logdir)
        assert status == 1
        assert complaint in text
        assert "vizkit index rebuild" in text


def test_a_file_that_shrank_is_told(capsys, logdir):
    vizkit(capsys, "rebuild", logdir)
    file = next((logdir / "a").iterdir())
    file.write_bytes(file.read_bytes()[:1000])

    status, text = vizkit(capsys, "check", logdir)

    assert status == 1
    assert "but ends at 1000" in text


def test_pruning_lists_first_and_removes_when_told_to(capsys, logdir, where, tmp_path):
    kept, gone = logdir, tmp_path / "gone"
    shutil.copytree(kept, gone)
    for folder in (kept, gone):
        vizkit(capsys, "rebuild", folder, *where)
    shutil.rmtree(gone)

    text = vizkit(capsys, "prune", *where)[1]
    assert f"{gone}: the folder is gone" in text
    assert "Pass --yes" in text
    assert str(kept) not in text

    assert "Removed" in vizkit(capsys, "prune", "--yes", *where)[1]
    assert f"{gone}:" not in vizkit(capsys, "prune", *where)[1]
    assert vizkit(capsys, "check", kept, *where)[0] == 0


def test_what_was_not_used_for_long_is_pruned_unless_it_is_in_use(capsys, logdir):
    vizkit(capsys, "rebuild", logdir)

    with Index.open(logdir):
        assert "Nothing to remove" in vizkit(capsys, "prune", "--days", "0")[1]
    assert "unused for 0 days" in vizkit(capsys, "prune", "--days", "0", "--yes")[1]
    assert not index_file(logdir).exists()


def test_a_folder_that_is_not_there_is_a_mistake(capsys, tmp_path):
    status, text = vizkit(capsys, "stats", tmp_path / "nowhere")

    assert status == 2
    assert "does not exist" in text
