import os
import shutil

import pytest

from vizkit.events.discover import Census, Found, find_runs


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_every_folder_with_event_files_is_a_run(tmp_path):
    touch(tmp_path / "events.out.tfevents.1.h")
    touch(tmp_path / "a" / "events.out.tfevents.2.h")
    touch(tmp_path / "a" / "events.out.tfevents.1.h")
    touch(tmp_path / "a" / "b" / "events.out.tfevents.1.h.v2")
    touch(tmp_path / "c" / "notes.txt")

    found = find_runs(tmp_path)

    assert found.runs == {
        ".": ["events.out.tfevents.1.h"],
        "a": ["events.out.tfevents.1.h", "events.out.tfevents.2.h"],
        "a/b": ["events.out.tfevents.1.h.v2"],
    }
    assert found.problems == []


def test_links_are_followed_and_circles_end(tmp_path):
    touch(tmp_path / "elsewhere" / "run" / "events.out.tfevents.1.h")
    logdir = tmp_path / "logdir"
    logdir.mkdir()
    (logdir / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(logdir)

    assert list(find_runs(logdir).runs) == ["linked/run"]


def test_a_folder_named_like_an_event_file_is_told(tmp_path):
    (tmp_path / "events.out.tfevents.1.h").mkdir()

    found = find_runs(tmp_path)

    assert found.runs == {}
    assert "is a folder" in found.problems[0].message


def test_a_missing_folder_is_a_problem_and_hides_its_runs(tmp_path):
    found = find_runs(tmp_path / "gone")

    assert found.problems[0].message == "cannot be listed: No such file or directory"
    assert found.hides("any/run")


def test_only_what_lies_below_an_unread_folder_is_hidden(tmp_path):
    found = find_runs(tmp_path)
    found.unread.append("a")

    assert [found.hides(run) for run in ("a", "a/b", "ab")] == [True, True, False]


def age(*folders):
    """Make folders look as if nothing changed lately."""
    for folder in folders:
        os.utime(folder, (1e9, 1e9))


@pytest.fixture
def listed(monkeypatch):
    """Return a list that grows by each folder that is listed."""
    folders, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: folders.append(str(path)) or scandir(path))
    return folders


def test_folders_that_did_not_change_are_not_listed_again(tmp_path, listed):
    touch(tmp_path / "a" / "events.out.tfevents.1.h")
    touch(tmp_path / "b" / "events.out.tfevents.1.h")
    age(tmp_path, tmp_path / "a", tmp_path / "b")
    census = Census(tmp_path)
    census.look()
    listed.clear()

    assert not census.look()
    assert listed == []
    touch(tmp_path / "b" / "events.out.tfevents.2.h")
    assert census.look()
    assert listed == [str(tmp_path / "b")]
    assert len(census.found().runs["b"]) == 2


def test_a_folder_that_changed_lately_is_not_trusted_yet(tmp_path):
    census = Census(tmp_path)
    touch(tmp_path / "a" / "events.out.tfevents.1.h")
    census.look()
    moment = os.stat(tmp_path / "a").st_mtime_ns

    touch(tmp_path / "a" / "events.out.tfevents.2.h")
    os.utime(tmp_path / "a", ns=(moment, moment))

    assert census.look_at([])
    assert len(census.found().runs["a"]) == 2


def test_what_is_told_is_looked_at_with_what_is_new_below(tmp_path, listed):
    touch(tmp_path / "a" / "events.out.tfevents.1.h")
    touch(tmp_path / "b" / "events.out.tfevents.1.h")
    age(tmp_path, tmp_path / "a", tmp_path / "b")
    census = Census(tmp_path)
    census.look()
    listed.clear()

    touch(tmp_path / "c" / "d" / "events.out.tfevents.1.h")
    changed = census.look_at([str(tmp_path), str(tmp_path / "unknown")])

    assert changed
    assert sorted(census.found().runs) == ["a", "b", "c/d"]
    assert str(tmp_path / "a") not in listed


def test_what_is_gone_is_found_no_more(tmp_path):
    touch(tmp_path / "a" / "b" / "events.out.tfevents.1.h")
    touch(tmp_path / "c" / "events.out.tfevents.1.h")
    census = Census(tmp_path)
    census.look()

    shutil.rmtree(tmp_path / "a")

    assert census.look()
    assert census.found() == Found(runs={"c": ["events.out.tfevents.1.h"]})


def test_a_link_whose_folder_comes_later_is_followed_then(tmp_path):
    logdir = tmp_path / "logdir"
    logdir.mkdir()
    (logdir / "linked").symlink_to(tmp_path / "elsewhere")
    age(logdir)
    census = Census(logdir)
    census.look()

    touch(tmp_path / "elsewhere" / "events.out.tfevents.1.h")

    assert census.look_at([])
    assert list(census.found().runs) == ["linked"]


def test_a_folder_that_cannot_be_listed_for_a_while_hides_its_runs(tmp_path):
    touch(tmp_path / "logdir" / "a" / "events.out.tfevents.1.h")
    census = Census(tmp_path / "logdir")
    census.look()

    (tmp_path / "logdir").rename(tmp_path / "away")
    assert census.look()
    assert census.found().hides("a")
    (tmp_path / "away").rename(tmp_path / "logdir")

    assert census.look()
    assert list(census.found().runs) == ["a"]
    assert not census.found().hides("a")
