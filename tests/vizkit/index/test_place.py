import sqlite3
from pathlib import Path

import pytest

from vizkit.errors import UsageError, VizkitWarning
from vizkit.index.place import cache_folder, find_place, index_file


def test_the_index_lies_in_the_cache_and_never_in_the_logdir(logdir, cache):
    place = find_place(logdir, None)

    assert place.path.parent == cache / "index"
    assert list(logdir.iterdir()) == []
    place.release()


def test_one_logdir_has_one_file_however_it_is_named(logdir, tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(logdir)
    monkeypatch.chdir(tmp_path)

    assert index_file(logdir) == index_file(tmp_path / "link") == index_file(Path("runs"))
    assert index_file(logdir) != index_file(tmp_path)


def test_without_the_variable_it_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("VIZKIT_CACHE")

    assert cache_folder().name == "vizkit"


def test_a_url_names_another_file(logdir, tmp_path):
    place = find_place(logdir, f"sqlite:///{tmp_path}/other.db")

    assert place.path == tmp_path / "other.db"
    place.release()


@pytest.mark.parametrize("url", ["postgresql://host/db", "nonsense", "sqlite://"])
def test_other_urls_are_refused(logdir, url):
    with pytest.raises(UsageError, match="sqlite:///FILE"):
        find_place(logdir, url)


def test_a_second_process_works_on_a_copy(logdir):
    first = find_place(logdir, None)
    with sqlite3.connect(first.path) as connection:
        connection.execute("CREATE TABLE kept (x)")

    second = find_place(logdir, None)

    assert second.private
    assert second.path != first.path
    assert sqlite3.connect(second.path).execute("SELECT * FROM kept").fetchall() == []
    second.release()
    assert not second.path.exists()
    first.release()


def test_whoever_comes_after_may_write_again(logdir):
    find_place(logdir, None).release()

    place = find_place(logdir, None)

    assert not place.private
    place.release()


def test_a_folder_that_cannot_be_written_means_memory(logdir, monkeypatch):
    monkeypatch.setenv("VIZKIT_CACHE", "/proc/vizkit")  # not even root writes there

    with pytest.warns(VizkitWarning, match="VIZKIT_CACHE"):
        place = find_place(logdir, None)

    assert place.path is None


def test_a_cache_that_is_a_file_means_memory(logdir, cache):
    cache.write_text("in the way")

    with pytest.warns(VizkitWarning, match="in memory"):
        place = find_place(logdir, None)

    assert place.path is None
    place.release()


def test_noted_damage_is_seen_by_the_next(logdir):
    place = find_place(logdir, None)
    place.note_damage()
    place.release()

    after = find_place(logdir, None)

    assert after.damaged()
    after.clear()
    assert not after.damaged()
    after.release()
