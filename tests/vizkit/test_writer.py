import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.vizkit.records import event_files, events, exact_values, run_infos
from vizkit import Vector
from vizkit.errors import VizkitWarning
from vizkit.kinds.runinfo.record import Alive, End, Gap, Start
from vizkit.testing import wait_until
from vizkit.writer import Opening, Writer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def writer(tmp_path):
    writer = _writer(tmp_path)
    yield writer
    writer.close(End("finished"))


def test_entries_are_written_within_moments(writer, tmp_path):
    writer.entries.append((1, 1.0, {"loss": 0.5}))

    wait_until(lambda: exact_values(tmp_path, "loss"), timeout=5)


def test_flush_waits_until_all_is_written(writer, tmp_path):
    writer.entries.extend((n, 1.0, {"loss": 0.5}) for n in range(12_000))

    assert writer.flush()
    assert len(exact_values(tmp_path, "loss")) == 12_000


def test_a_hurried_thread_writes_before_its_time(writer, tmp_path):
    wait_until(lambda: run_infos(tmp_path))
    writer.entries.append((1, 1.0, {"loss": 0.5}))

    assert writer.hurry()
    wait_until(lambda: exact_values(tmp_path, "loss"), timeout=5)


def test_a_file_begins_with_its_version_and_ends_with_the_last_words(tmp_path):
    writer = _writer(tmp_path)
    writer.close(End("failed", "out of memory"))

    infos = run_infos(tmp_path)
    assert events(tmp_path)[0].file_version == "brain.Event:2"
    assert isinstance(infos[0], Start)
    assert infos[-1] == End("failed", "out of memory")


def test_the_commit_is_recorded(tmp_path, monkeypatch):
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f"#!/bin/sh\nsleep 0.3\necho '# branch.oid {COMMIT}'\necho '1 .M train.py'\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}:/usr/bin:/bin")
    writer = _writer(tmp_path / "run")

    def environments():
        starts = [each for each in run_infos(tmp_path / "run") if isinstance(each, Start)]
        return [start.environment for start in starts]

    # The first word comes at once, the commit when git has found it.
    wait_until(lambda: len(environments()) == 2, timeout=5)
    writer.close(End("finished"))
    early, late = environments()
    assert (early.git_commit, early.git_dirty) == (None, None)
    assert (late.git_commit, late.git_dirty) == (COMMIT, True)


def test_a_slow_git_holds_up_nothing(tmp_path, monkeypatch):
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
    writer = _writer(tmp_path / "run")
    writer.entries.append((1, 1.0, {"loss": 0.5}))

    assert writer.flush(timeout=5)
    assert exact_values(tmp_path / "run", "loss") == [0.5]
    assert writer.close(End("finished"), timeout=5)


def test_a_heartbeat_tells_that_the_run_is_alive(tmp_path, monkeypatch):
    monkeypatch.setattr("vizkit.writer.ALIVE_SECONDS", 0.1)
    writer = _writer(tmp_path)

    wait_until(lambda: Alive() in run_infos(tmp_path), timeout=5)
    writer.close(End("finished"))


def test_a_removed_folder_is_begun_again_with_start_and_names(writer, tmp_path):
    writer.entries.append((1, 1.0, {"g": Vector(("a",), [1.0]), "loss": 0.1}))
    writer.flush()
    shutil.rmtree(tmp_path)

    def comes_back():
        writer.entries.append((2, 1.0, {"g": Vector(("a",), [1.0]), "loss": 0.2}))
        writer.flush()
        return len(exact_values(tmp_path, "loss")) >= 2

    with pytest.warns(VizkitWarning, match="was removed; another one is begun"):
        wait_until(comes_back, timeout=5, every=0.1)
    vectors = [v for event in events(tmp_path) for v in event.summary.value if v.tag == "g/*"]
    assert isinstance(run_infos(tmp_path)[0], Start)
    assert vectors[0].metadata.plugin_data.content == b'{"names":["a"]}'
    assert set(exact_values(tmp_path, "loss")) == {0.2}


def test_what_was_given_up_is_told_and_names_are_repeated(tmp_path):
    writer = _writer(tmp_path)
    writer.entries.append((1, 1.0, {"g": Vector(("a",), [1.0])}))
    writer.flush()
    writer._sink.lost = 3
    writer.flush()
    writer.entries.append((2, 1.0, {"g": Vector(("a",), [1.0])}))
    writer.close(End("finished"))

    vectors = [v for event in events(tmp_path) for v in event.summary.value if v.tag == "g/*"]
    assert Gap(3) in run_infos(tmp_path)
    assert all(value.metadata.plugin_data.content for value in vectors)


def test_the_thread_survives_what_it_cannot_write(writer, tmp_path):
    writer.entries.append((1, 1.0, None))
    with pytest.warns(VizkitWarning, match="left out"):
        assert writer.flush()
    writer.entries.append((2, 1.0, {"loss": 0.5}))
    writer.flush()

    assert exact_values(tmp_path, "loss") == [0.5]


def test_strict_mode_raises_the_threads_troubles_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZKIT_STRICT", "1")
    writer = _writer(tmp_path)
    writer.entries.append((1, 1.0, {"": 1.0}))

    with pytest.raises(ValueError, match="a tag needs"):
        writer.close(End("finished"))


def test_closing_ends_the_thread_and_a_second_close_is_told(tmp_path):
    writer = _writer(tmp_path)
    before = threading.active_count()

    assert writer.close(End("finished"))
    wait_until(lambda: threading.active_count() < before)
    assert not writer.close(End("finished"))


def test_a_training_on_a_full_disk_goes_on_and_all_is_written_later(tmp_path):
    code = """
import resource, sys, time
import vizkit
from vizkit.testing import wait_until
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
run = vizkit.Run(sys.argv[1])
run.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
for step in range(2_000):
    run.log({"loss": step / 3}, step)
run.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
for step in range(2_000, 3_000):
    run.log({"loss": step / 3}, step)
run.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )

    assert exact_values(tmp_path, "loss") == [step / 3 for step in range(3_000)]
    assert done.stderr.count("Cannot write the run now (File too large)") == 1
    assert len(event_files(tmp_path)) == 1


def _writer(folder: Path) -> Writer:
    return Writer(folder, Opening("digits", {"lr": 0.1}, ("python",), 0, None, None, 1.0))
