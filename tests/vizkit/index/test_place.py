import subprocess
import sys

import pytest

from vizkit.cachefolder import index_file
from vizkit.errors import UsageError, VizkitWarning
from vizkit.index.place import find_database, in_memory
from vizkit.index.sqlite import SqliteDatabase


def test_the_index_lies_in_the_cache_and_never_in_the_logdir(logdir, cache):
    database = find_database(logdir, None)

    assert database.path == index_file(logdir)
    assert database.path.parent == cache / "index"
    assert list(logdir.iterdir()) == []
    database.close()


def test_a_url_names_another_file(logdir, tmp_path):
    database = find_database(logdir, f"sqlite:///{tmp_path}/other.db")

    assert database.path == tmp_path / "other.db"
    database.close()


def test_a_url_without_a_file_means_memory(logdir):
    assert find_database(logdir, "sqlite://").path is None


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "nonsense", "postgresql://h:port/x"])
def test_other_urls_are_refused_without_telling_secrets(logdir, url):
    with pytest.raises(UsageError, match="sqlite:///FILE or postgresql://") as caught:
        find_database(logdir, url)

    assert "secret" not in str(caught.value)


def test_a_missing_driver_says_how_to_get_it(logdir):
    code = (
        "import sys; from pathlib import Path; sys.modules['psycopg'] = None\n"
        "from vizkit.index.place import find_database\n"
        "find_database(Path(sys.argv[1]), 'postgresql://me:secret@host/db')"
    )

    told = subprocess.run(
        [sys.executable, "-c", code, str(logdir)], capture_output=True, text=True
    ).stderr

    assert "pip install 'vizkit[postgres]'" in told.splitlines()[-1]


def test_a_folder_that_cannot_be_written_means_memory(logdir, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", "/proc/vizkit")  # not even root writes there

    with pytest.warns(VizkitWarning, match="VIZKIT_CACHE"):
        database = find_database(logdir, None)

    assert database.path is None


def test_a_cache_that_is_a_file_means_memory(logdir, cache):
    cache.write_text("in the way")

    with pytest.warns(VizkitWarning, match="in memory"):
        database = find_database(logdir, None)

    assert database.path is None


def test_memory_comes_with_the_reason(tmp_path):
    with pytest.warns(VizkitWarning, match="disk full"):
        database = in_memory(tmp_path / "index.db", OSError("disk full"))

    assert isinstance(database, SqliteDatabase)
