import os

import pytest
from torch import nn

import vizkit
from vizkit.hooks.run_choice import as_list, first_step_of, name_of, open_run
from vizkit.hooks.silent_run import SilentRun
from vizkit.hooks.subject import subject_of


@pytest.mark.parametrize(("rank", "kind"), [("0", vizkit.Run), ("1", SilentRun)])
def test_the_first_process_writes_and_the_others_are_silent(tmp_path, monkeypatch, rank, kind):
    monkeypatch.setenv("RANK", rank)

    run = open_run(tmp_path / "run", {"lr": 0.1}, 5, None)

    assert type(run) is kind
    run.close()


def test_a_run_goes_on_behind_its_last_step(tmp_path):
    with vizkit.Run(tmp_path / "run", start_step=7) as run:
        before = first_step_of(run, None)
        run.log({"loss": 1.0}, 20)

        assert (before, first_step_of(run, None), first_step_of(run, 3)) == (7, 21, 3)
    assert first_step_of(None, None) == 0


def test_a_name_says_what_is_watched_and_by_whom():
    name = name_of(subject_of(nn.Linear(1, 1)))

    assert name.startswith("Linear-")
    assert name.endswith(f"-{os.getpid()}")


@pytest.mark.parametrize(
    ("given", "expected"), [(None, []), ("a", ["a"]), (("a", "b"), ["a", "b"])]
)
def test_optimizers_are_a_list(given, expected):
    assert as_list(given) == expected
