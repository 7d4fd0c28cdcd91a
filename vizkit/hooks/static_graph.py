"""`vizkit.Graph`: the graph of a model that is not trained here, or of what a file holds."""

from __future__ import annotations

import copy
import io
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram

from vizkit.errors import UsageError
from vizkit.hooks.forward_graph import forward_graph, tree_graph
from vizkit.hooks.fx_graph import graph_of_fx, graph_of_program
from vizkit.hooks.inductor_compat import is_compiled
from vizkit.hooks.inductor_graph import fusion
from vizkit.hooks.subject import unwrapped
from vizkit.importers import torchscript
from vizkit.importers.opening import open_graph
from vizkit.kinds.graph.graph import Graph

Inputs = tuple[tuple[Any, ...], dict[str, Any]]

_TALKATIVE = ("torch.fx.experimental.symbolic_shapes", "torch.export")
NO_INPUTS = "only the modules are shown: with example inputs their operations would be"


def static_graph(model: Any, example_inputs: Any, example_kwargs: Any) -> Graph:
    """Return the graph of a model, exported program, traced module or file.

    Raises:
        UsageError: if `model` is none of these.
        GraphFileError: if the file cannot be read.
    """
    if isinstance(model, (str, os.PathLike)):
        return open_graph(os.fspath(model))
    if isinstance(model, ExportedProgram):
        return graph_of_program(model)
    if isinstance(model, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
        return _of_script(model)
    if not isinstance(model, nn.Module):
        raise UsageError(
            "vizkit.Graph takes a module, an exported or traced one, or a path of a file, "
            f"not {model!r:.200}."
        )
    given = inputs_of(example_inputs, example_kwargs)
    if is_compiled(model) and given is not None:
        return before_and_after(model, given)[1]
    return graph_of_module(unwrapped(model), given)


def static_fusion(model: Any, example_inputs: Any, example_kwargs: Any) -> tuple[Graph, Graph]:
    """Return a module's graph before fusion and after.

    Raises:
        UsageError: if `model` is no module, or is given no inputs.
    """
    given = inputs_of(example_inputs, example_kwargs)
    if not isinstance(model, nn.Module) or given is None:
        raise UsageError(
            f"vizkit.fusion takes a module and what it is called with, not {model!r:.200}: "
            "vizkit.fusion(torch.compile(model), example_inputs)."
        )
    return before_and_after(model, given)


def before_and_after(model: nn.Module, given: Inputs) -> tuple[Graph, Graph]:
    """Return the graphs before and after fusion, twice the same where torch cannot compile."""
    try:
        return fusion(model, *given)
    except Exception as error:
        # No C++ compiler, a backend that fails: the graph itself is still worth showing.
        graph = graph_of_module(unwrapped(model), given)
        told = f"torch.compile failed, so nothing was fused: {_first_line(error)}"
        return graph, replace(graph, notes=(*graph.notes, told))


def inputs_of(example_inputs: Any, example_kwargs: Mapping[str, Any] | None) -> Inputs | None:
    """Return what the model is called with; None if nothing was given.

    Raises:
        UsageError: if the keywords are no mapping.
    """
    if example_inputs is None and example_kwargs is None:
        return None
    if example_kwargs is not None and not isinstance(example_kwargs, Mapping):
        raise UsageError(f"example_kwargs is a dict by argument name, not {example_kwargs!r:.200}.")
    several = isinstance(example_inputs, (tuple, list))
    positional: Sequence[Any] = example_inputs if several else [example_inputs]
    return (() if example_inputs is None else tuple(positional)), dict(example_kwargs or {})


def graph_of_module(model: nn.Module, given: Inputs | None) -> Graph:
    """Return a module's graph: exported, else what one forward pass runs, else its modules."""
    if isinstance(model, fx.GraphModule):
        return _of_fx(model, given)
    if given is None:
        return tree_graph(model, NO_INPUTS)
    try:
        return graph_of_program(exported(model, given))
    except Exception as error:
        # Export refuses what it cannot prove; that must not be the end of it.
        why = f"torch.export cannot express this model: {_first_line(error)}"
    try:
        return forward_graph(model, *given, why)
    except Exception as error:
        return tree_graph(model, why, f"the model cannot be run either: {_first_line(error)}")


def exported(model: nn.Module, given: Inputs) -> ExportedProgram:
    """Return the exported program; nothing of the model is changed.

    Raises:
        Exception: whatever torch.export refuses a model with.
    """
    with _quiet():
        return torch.export.export(model, given[0], given[1], strict=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep export from printing the graph that it could not finish: the notes tell enough."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _of_script(model: Any) -> Graph:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(model, buffer)
    return torchscript.read(buffer.getvalue())


def _of_fx(model: fx.GraphModule, given: Inputs | None) -> Graph:
    if given is None or given[1]:
        return graph_of_fx(model)
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.fx.passes.fake_tensor_prop import FakeTensorProp

    mode = FakeTensorMode(allow_non_fake_inputs=True)
    twin = fx.GraphModule(model, copy.deepcopy(model.graph), type(model).__name__)
    try:
        FakeTensorProp(twin, mode).propagate(*given[0])
    except Exception as error:
        graph = graph_of_fx(model)
        told = f"shapes are not known: {_first_line(error)}"
        return replace(graph, notes=(*graph.notes, told))
    return graph_of_fx(twin)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
