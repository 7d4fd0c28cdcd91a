"""A demo run is continued when it was interrupted, and left alone when it is finished or alive."""

from pathlib import Path

import pytest

from vizkit.demo.checkpoint import FILE, Checkpoint, Owner, choose_name, last_name, load

DEAD = Owner(pid=2**22 + 1, started=1.0)


def leave(folder: Path, *, epoch: int, epochs: int = 4, owner: Owner = DEAD) -> Path:
    """Leave a checkpoint as a training would have."""
    Checkpoint(epoch, epochs, 90 * epoch, owner, {}).save(folder)
    return folder


def test_a_checkpoint_reads_back_whole(tmp_path):
    checkpoint = Checkpoint(2, 4, 180, Owner.this_process(), {"model": {"weight": 1.5}})

    checkpoint.save(tmp_path)

    assert load(tmp_path) == checkpoint
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_folder_without_checkpoint_has_none(tmp_path):
    assert load(tmp_path) is None


def test_a_free_name_is_taken_as_it_is(tmp_path):
    assert choose_name(tmp_path, "digits", epochs=4) == "digits"


def test_an_interrupted_run_is_continued(tmp_path):
    leave(tmp_path / "digits", epoch=1)

    assert choose_name(tmp_path, "digits", epochs=4) == "digits"


@pytest.mark.parametrize(
    "why",
    [
        pytest.param({"epoch": 4}, id="finished"),
        pytest.param({"epoch": 1, "owner": Owner.this_process()}, id="still training"),
        pytest.param({"epoch": 1, "epochs": 9}, id="of another plan"),
    ],
)
def test_a_run_that_cannot_be_continued_is_left_alone(tmp_path, why):
    leave(tmp_path / "digits", **why)

    assert choose_name(tmp_path, "digits", epochs=4) == "digits-2"


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / "digits").mkdir()

    assert choose_name(tmp_path, "digits", epochs=4) == "digits-2"


def test_without_resume_every_run_is_a_new_one(tmp_path):
    leave(tmp_path / "digits", epoch=1)

    assert choose_name(tmp_path, "digits", epochs=4, resume=False) == "digits-2"


def test_names_are_counted_on(tmp_path):
    for name in ("digits", "digits-2", "digits-3"):
        leave(tmp_path / name, epoch=4)

    assert choose_name(tmp_path, "digits", epochs=4) == "digits-4"


def test_the_run_trained_last_is_the_one_to_replay(tmp_path):
    leave(tmp_path / "digits", epoch=4)
    leave(tmp_path / "digits-2", epoch=4)

    assert last_name(tmp_path, "digits") == "digits-2"
    assert last_name(tmp_path, "letters") is None
