"""The loop of the demo, as a user would write it: `vizkit.watch` is the one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

import vizkit

from .checkpoint import Checkpoint, Owner, choose_name, load
from .digits import DigitsNet, Split, batches, jitter, load_splits


@dataclass(frozen=True)
class Plan:
    """What is trained; the run's folder is LOGDIR/NAME, or NAME-2 ... when that one is finished."""

    logdir: Path
    name: str = "digits-cnn"
    epochs: int = 80
    batch_size: int = 16
    max_lr: float = 3e-3
    width: int = 32
    seed: int = 0
    resume: bool = True

    def config(self) -> dict[str, Any]:
        """Return what the run records about itself."""
        hidden = ("logdir", "name", "resume")
        return {key: value for key, value in asdict(self).items() if key not in hidden}


@dataclass(frozen=True)
class Scores:
    """How good the network is after an epoch; accuracies in 0..1."""

    train_accuracy: float = 0.0
    accuracy: float = 0.0
    loss: float = float("nan")

    def tags(self) -> dict[str, float]:
        """Return them as `watch.log` takes them."""
        return {
            "train/accuracy": self.train_accuracy,
            "val/accuracy": self.accuracy,
            "val/loss": self.loss,
        }


@dataclass(frozen=True)
class Progress:
    """What a listener hears: once at the start, after each step and after each epoch."""

    step: int
    total_steps: int
    scores: Scores
    seconds: float = 0.0


Listener = Callable[[Progress], None]


@dataclass
class Training:
    """A plan under way: model, optimizer, schedule and how far they are."""

    plan: Plan
    folder: Path
    train: Split
    validation: Split
    model: DigitsNet
    optimizer: AdamW
    schedule: OneCycleLR
    epoch: int = 0
    step: int = 0
    scores: Scores = field(default_factory=Scores)

    @property
    def name(self) -> str:
        """Return the run's name: the plan's, perhaps with a number."""
        return self.folder.name

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of batches, the last one perhaps smaller."""
        return -(-len(self.train) // self.plan.batch_size)

    @property
    def total_steps(self) -> int:
        """Return the number of steps of the whole plan."""
        return self.plan.epochs * self.steps_per_epoch

    def run(self, listen: Listener = lambda progress: None) -> Progress:
        """Train to the end of the plan and return the last progress."""
        started = time.monotonic()
        self._save()
        with (
            self._open() as run,
            vizkit.watch(self.model, self.optimizer, run=run, activations_every=20) as watch,
        ):
            while self.epoch < self.plan.epochs:
                for indices in batches(self.train, self.plan.batch_size):
                    self._learn(indices)
                    listen(self._progress(started))
                self.scores = self._evaluate()
                watch.log(self.scores.tags())
                self.epoch += 1
                run.flush()  # or a killed training would go on after points that were lost
                self._save()
        listen(self._progress(started))
        return self._progress(started)

    def _open(self) -> vizkit.Run:
        return vizkit.Run(
            self.folder,
            config=self.plan.config(),
            start_step=self.step,
            total_steps=self.total_steps,
        )

    def _learn(self, indices: torch.Tensor) -> None:
        images, labels = self.train.images[indices], self.train.labels[indices]
        loss = nn.functional.cross_entropy(self.model(jitter(images)), labels)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        self.step += 1

    def _evaluate(self) -> Scores:
        self.model.eval()
        with torch.no_grad():
            train = self.model(self.train.images)
            validation = self.model(self.validation.images)
        self.model.train()
        return Scores(
            _accuracy(train, self.train.labels),
            _accuracy(validation, self.validation.labels),
            nn.functional.cross_entropy(validation, self.validation.labels).item(),
        )

    def _progress(self, started: float) -> Progress:
        return Progress(self.step, self.total_steps, self.scores, time.monotonic() - started)

    def _save(self) -> None:
        states = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "generator": torch.get_rng_state(),
        }
        owner = Owner.this_process()
        Checkpoint(self.epoch, self.plan.epochs, self.step, owner, states).save(self.folder)

    def _restore(self, checkpoint: Checkpoint) -> None:
        self.model.load_state_dict(checkpoint.states["model"])
        self.optimizer.load_state_dict(checkpoint.states["optimizer"])
        self.schedule.load_state_dict(checkpoint.states["schedule"])
        torch.set_rng_state(checkpoint.states["generator"])
        self.epoch, self.step = checkpoint.epoch, checkpoint.step


def prepare(plan: Plan) -> Training:
    """Return the training of `plan`: begun anew, or where an unfinished one of that name stands."""
    name = choose_name(plan.logdir, plan.name, epochs=plan.epochs, resume=plan.resume)
    folder = plan.logdir / name
    # Images this small gain nothing from a second core, and the dashboard needs one.
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    train, validation = load_splits()
    model = DigitsNet(plan.width)
    optimizer = AdamW(model.parameters(), lr=plan.max_lr, weight_decay=1e-2)
    steps = plan.epochs * -(-len(train) // plan.batch_size)
    schedule = OneCycleLR(optimizer, plan.max_lr, total_steps=steps + 1)
    training = Training(plan, folder, train, validation, model, optimizer, schedule)
    checkpoint = load(folder)
    if checkpoint:
        training._restore(checkpoint)
    return training


def _accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return (logits.argmax(1) == labels).float().mean().item()
