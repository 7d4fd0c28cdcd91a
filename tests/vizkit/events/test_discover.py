from vizkit.events.discover import find_runs


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
