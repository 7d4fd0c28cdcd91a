"""vizkit: one line in a PyTorch loop, one dashboard, replayable runs."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from vizkit.kinds.vector.value import Vector
from vizkit.run import Run
from vizkit.version import __version__

if TYPE_CHECKING:
    from vizkit.hooks.watch import Watch
    from vizkit.playback.logdir import Logdir


__all__ = ["Run", "Vector", "__version__", "open_logdir", "watch"]


def watch(
    model: Any,
    optimizer: Any = None,
    *,
    criterion: Any = None,
    run: Run | None = None,
    logdir: str | PathLike[str] = "runs",
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    every: int = 1,
) -> Watch:
    """Log loss, learning rate, gradient and weight norms of every step of a PyTorch training.

    Returns a handle, also a context manager; leaving it restores the model. A step is an
    `optimizer.step()`. `model`: a Module or a list of tensors; `optimizer`: one or a list;
    `every`: log each so many steps; the run's folder is `logdir/name` unless `run` is given.
    """
    # Here, not above: only who watches needs torch.
    from vizkit.hooks.watch import watch as watch_model

    return watch_model(
        model,
        optimizer,
        criterion=criterion,
        run=run,
        logdir=logdir,
        name=name,
        config=config,
        every=every,
    )


def open_logdir(logdir: str | PathLike[str]) -> Logdir:
    """Open a folder of runs for reading, without a server.

    Raises:
        LogdirNotFoundError: if there is no such folder.
    """
    # Here, not above: a training never needs the index and its database.
    from vizkit.playback.logdir import open_logdir as open_folder

    return open_folder(logdir)
