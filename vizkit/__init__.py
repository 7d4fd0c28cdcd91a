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
    from vizkit.kinds.graph.graph import Graph as StaticGraph
    from vizkit.playback.logdir import Logdir


__all__ = ["Graph", "Run", "Vector", "__version__", "fusion", "open_logdir", "watch"]


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
    total_steps: int | None = None,
    start_step: int | None = None,
    weights_every: int | None = 50,
    budget: float | None = 0.1,
    graph: bool | str = True,
    trace_every: int | None = None,
    activations_every: int | None = None,
    nan_origin: bool = False,
) -> Watch:
    """Log loss, learning rate, gradient and weight norms of every step of a PyTorch training.

    Returns a handle, also a context manager; leaving it restores model, optimizer and torch. A
    step is an `optimizer.step()` of any optimizer that trains `model`, or `handle.step()`.

    Args:
        model: a Module; a list, or dict by name, of tensors.
        optimizer: one or a list; by default all that train something of `model`.
        criterion: the loss Module; its mean output is the loss, else what `backward()` starts from.
        run: where to log; else a new run in the folder `logdir/name`.
        logdir: the folder of all runs.
        name: the run's folder in it; by default the model's class and the time.
        config: hyperparameters to show with the run.
        every: log each so many steps.
        total_steps: how many steps there will be, to show the progress.
        start_step: the first step's number; by default where `run` goes on, else 0.
        weights_every: weight norms and update ratios at each so many steps and the first; or None.
        budget: share of the time, above 1 ms a step, from which gradient norms are measured less
            often than each step; None for each step at any price, activations too.
        graph: record the graph that each step ran, and when it changes, in at most 2 % of the time
            (5 % of steps below 5 ms); "always" for each step at any price; False for not at all.
        trace_every: trace the forward pass at each so many steps; None: where a new graph is met.
        activations_every: outputs' mean, deviation, zeros and non-finite numbers, times and memory
            of each module at each so many steps and the first; put off where they would take more
            than 2 % of the time, unless `budget` is None. None: never.
        nan_origin: find where the first NaN or Inf came from by running the batch once more, with
            random numbers, buffers and gradients put back; the model's own code runs twice then.
            On an accelerator it waits for the loss and the gradient norm of each step.

    Raises:
        UsageError: if `model` is neither, or a number makes no sense; nothing after that raises.
        RunFolderError: if the run's folder cannot be written.
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
        total_steps=total_steps,
        start_step=start_step,
        weights_every=weights_every,
        budget=budget,
        graph=graph,
        trace_every=trace_every,
        activations_every=activations_every,
        nan_origin=nan_origin,
    )


def Graph(  # noqa: N802 - read as what it makes: run.log({"graph": vizkit.Graph(model, x)})
    model: Any, example_inputs: Any = None, example_kwargs: Mapping[str, Any] | None = None
) -> StaticGraph:
    """Return the graph of a model, without training it; `run.log({"graph": it})` shows it.

    It is what `torch.export` makes of the model; where that fails, what one forward pass runs, and
    else the tree of modules: `notes` say so. Nothing of the model is changed. Of what
    `torch.compile` returned, it is the graph after fusion: each kernel with its operations.

    Args:
        model: a module, an exported, scripted or traced one, or the path of a file: .pt2, .pt,
            .onnx, .pb, .pbtxt, .json, .prototxt or an event file. Nothing in a file is run.
        example_inputs: what `model` is called with, a tensor or a tuple; not of a file.
        example_kwargs: keyword arguments of that call.

    Raises:
        UsageError: if `model` is none of these.
        GraphFileError: if the file cannot be read.
    """
    # Here, not above: only who draws a model needs torch.
    from vizkit.hooks.static_graph import static_graph

    return static_graph(model, example_inputs, example_kwargs)


def fusion(
    model: Any, example_inputs: Any = None, example_kwargs: Mapping[str, Any] | None = None
) -> tuple[StaticGraph, StaticGraph]:
    """Return the graphs of a model before and after fusion: which operations share a kernel.

    It is compiled as `torch.compile(model)` says, by inductor where that was not called, once
    more and without gradients. Nothing of the model is changed.

    Raises:
        UsageError: if `model` is no module, or nothing is given to call it with.
    """
    # Here, not above: only who draws a model needs torch.
    from vizkit.hooks.static_graph import static_fusion

    return static_fusion(model, example_inputs, example_kwargs)


def open_logdir(logdir: str | PathLike[str]) -> Logdir:
    """Open a folder of runs for reading, without a server.

    Raises:
        LogdirNotFoundError: if there is no such folder.
    """
    # Here, not above: a training never needs the index and its database.
    from vizkit.playback.logdir import open_logdir as open_folder

    return open_folder(logdir)
