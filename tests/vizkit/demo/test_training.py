"""The demo trains for real, logs what it promises, and goes on where it was interrupted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import vizkit
from vizkit.demo.checkpoint import Owner, load
from vizkit.demo.training import Plan, Progress, prepare

EPOCHS = 3
LOGGED = {"loss", "lr", "grad_norm", "train/accuracy", "val/accuracy", "val/loss"}


class PowerCut(Exception):
    """Stands for whatever ends a training."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("demo")
    training = prepare(Plan(logdir, epochs=EPOCHS))
    last = training.run()
    return training, last


def test_the_training_learns_to_read_digits(trained):
    training, last = trained

    assert last.step == last.total_steps == EPOCHS * 90
    assert last.scores.accuracy > 0.9


def test_the_training_logs_what_the_dashboard_shows(trained):
    training, last = trained
    logdir = vizkit.open_logdir(training.plan.logdir)

    tags = set(logdir.tags("digits-cnn"))

    assert tags >= LOGGED
    assert "grad_norm/head.weight" in tags
    loss = logdir.series("digits-cnn", "loss")
    np.testing.assert_array_equal(loss.step, np.arange(last.total_steps))
    assert loss.value[-20:].mean() < 0.3 * loss.value[:5].mean()
    assert logdir.series("digits-cnn", "val/accuracy").value[-1] == last.scores.accuracy


def test_an_interrupted_training_ends_as_the_undisturbed_one(trained, tmp_path):
    undisturbed, _ = trained

    def stop_in_the_second_epoch(now: Progress) -> None:
        if now.step == 120:
            raise PowerCut

    with pytest.raises(PowerCut):
        prepare(Plan(tmp_path, epochs=EPOCHS)).run(stop_in_the_second_epoch)
    disown(tmp_path / "digits-cnn")
    resumed = prepare(Plan(tmp_path, epochs=EPOCHS))
    assert resumed.step == 90
    resumed.run()

    assert resumed.folder == tmp_path / "digits-cnn"
    for ours, theirs in zip(
        resumed.model.state_dict().values(), undisturbed.model.state_dict().values(), strict=True
    ):
        assert torch.equal(ours, theirs)


def disown(folder: Path) -> None:
    """Let the checkpoint look like one of a process that is gone."""
    checkpoint = load(folder)
    assert checkpoint is not None
    replace(checkpoint, owner=Owner(2**22 + 1, 1.0)).save(folder)
