import os
import platform
import subprocess
import sys

import pytest

from vizkit import environment
from vizkit.testing import wait_until


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _git("init", "-q")
    (tmp_path / "train.py").write_text("lr = 0.1\n")
    _git("add", "train.py")
    _git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", "Start")
    return tmp_path


def test_the_environment_says_where_a_run_runs():
    found = environment.capture_environment(12.5, rank=3, command=("python", "train.py"))

    assert found.pid == os.getpid()
    assert found.python == platform.python_version()
    assert set(found.versions) >= {"numpy", "vizkit"}
    assert (found.started, found.rank) == (12.5, 3)


def test_environment_variables_are_never_captured(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "hush-hush")

    assert "hush-hush" not in repr(environment.capture_environment(0.0, None, ("python",)))


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("--lr", "0.1"), ("--lr", "0.1")),
        (("--api-key", "hush", "--lr"), ("--api-key", "***", "--lr")),
        (("--hf_token=hush",), ("--hf_token=***",)),
        (("--db", "postgres://ada:hush@host/db"), ("--db", "postgres://***@host/db")),
    ],
)
def test_secrets_on_the_command_line_are_hidden(command, shown):
    assert environment.hide_secrets(command) == shown


@pytest.mark.parametrize(("announced", "rank"), [("3", 3), ("", None), ("main", None)])
def test_the_rank_is_what_torchrun_announces(monkeypatch, announced, rank):
    monkeypatch.setenv("RANK", announced)

    assert environment.rank_of_process() == rank


def test_git_tells_the_commit_of_a_clean_folder(repository):
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()

    assert _answer() == (head, False)


def test_git_tells_that_files_differ_from_the_commit(repository):
    (repository / "train.py").write_text("lr = 0.2\n")

    assert _answer()[1] is True


def test_without_a_repository_git_has_no_answer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    question = environment.GitQuestion()

    assert question.answer(5.0) is None
    assert not question.open


def test_without_git_nothing_is_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not environment.GitQuestion().open


ASK_WHILE_FORKING = """
import os, threading, time
from vizkit.environment import GitQuestion

late = []
for attempt in range(40):
    thread = threading.Thread(target=lambda: GitQuestion().answer(5), daemon=True)
    thread.start()
    time.sleep(attempt * 1e-4)
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
    thread.join(2)
    late += [attempt] * thread.is_alive()
print(late)
"""


def test_a_process_forked_meanwhile_keeps_nobody_waiting(repository):
    # as the workers of a DataLoader are, right after `vizkit.watch`; 5 of 40 hit the moment
    python = [sys.executable, "-W", "ignore", "-c", ASK_WHILE_FORKING]

    said = subprocess.run(python, stdout=subprocess.PIPE, text=True, timeout=120)

    assert said.stdout.splitlines()[-1] == "[]"


def test_a_repository_without_commit_has_no_answer():
    assert environment.parse_git_status("# branch.oid (initial)\n# branch.head main\n") is None


def test_a_removed_working_folder_is_no_trouble(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    assert environment.capture_environment(0.0, None, ()).cwd == ""


def _answer():
    question = environment.GitQuestion()
    return wait_until(lambda: question.answer(0.1))


def _git(*arguments):
    subprocess.run(["git", *arguments], check=True)
