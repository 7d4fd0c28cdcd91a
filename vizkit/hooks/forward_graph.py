"""Where a model cannot be exported: the graph of one forward pass, or its modules alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_inventory import Inventory, inventory_of
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_trace import trace
from vizkit.hooks.graph_walk import deepest
from vizkit.hooks.guard import Guard
from vizkit.hooks.shapes import tensors_in
from vizkit.hooks.subject import clean_name, subject_of, unwrapped
from vizkit.kinds.graph.graph import Graph, Node, Scope
from vizkit.kinds.graph.signatures import signed

ONE_WAY = "one forward pass was run instead: other inputs may take another way"


def forward_graph(
    model: nn.Module, inputs: tuple[Any, ...], keywords: Mapping[str, Any], *notes: str
) -> Graph:
    """Return what one forward pass runs; buffers and random states are as before afterwards.

    Raises:
        Exception: what the model raises.
    """
    calls = ModuleCalls(model, Guard())
    calls.arm()
    try:
        with untouched(model), torch.enable_grad():
            outputs = tensors_in(model(*inputs, **keywords))
            found = trace([each for each in outputs if each.grad_fn is not None], *_walk(model))
            run = Pass(found, 0, tuple(calls.rows), tuple(calls.inputs))
    finally:
        calls.remove()
    graph = graph_of([run], _inventory(model), "")
    kept = replace(
        graph,
        # Its losses are the results here, which are there as outputs too.
        nodes=tuple(node for node in graph.nodes if node.kind != "loss"),
        edges=tuple(edge for edge in graph.edges if not edge.dst.startswith("loss:")),
        # What a training could be asked for is no help here.
        notes=(*notes, ONE_WAY, *(note for note in graph.notes if "watch" not in note)),
    )
    return signed(kept)


def tree_graph(model: nn.Module, *notes: str) -> Graph:
    """Return a model's modules as scopes, each with what it holds."""
    inventory = _inventory(model)
    modules = {clean_name(path): module for path, module in unwrapped(model).named_modules()}
    scopes, nodes = [], list[Node]()
    for path, kind in (inventory.modules or {}).items():
        parent = _parent(path, inventory)
        holder = f"/{parent.replace('.', '/')}" if path else ""
        own = f"/{path.replace('.', '/')}"
        scopes.append(Scope(own, path, kind, holder))
        if not any(True for _ in modules[path].children()):
            nodes.append(Node(f"{own}:call", "module", kind, kind, path, own, order=len(nodes)))
    everything = (*nodes, *inventory.parameters, *inventory.buffers)
    return signed(Graph(everything, (), tuple(scopes), "fx", notes=notes))


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put buffers and the random states of torch, NumPy and Python back afterwards."""
    buffers = [
        (module, name, tensor, tensor.detach().clone())
        for module in model.modules()
        for name, tensor in module._buffers.items()
        if tensor is not None
    ]
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(_devices(model)):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        _put_back(buffers)


def _put_back(buffers: Sequence[tuple[nn.Module, str, Tensor, Tensor]]) -> None:
    with torch.no_grad():
        for module, name, tensor, content in buffers:
            module._buffers[name] = tensor
            # Only where it changed: writing counts as a change of what autograd saved.
            if not torch.equal(tensor, content):
                tensor.copy_(content)


def _devices(model: nn.Module) -> list[int]:
    if not torch.cuda.is_initialized():
        return []
    found = {p.device.index for p in model.parameters() if p.device.type == "cuda"}
    return [index for index in found if index is not None]


def _names(model: nn.Module) -> dict[int, str]:
    names: dict[int, str] = {}
    for name, parameter in subject_of(model).parameters():
        names.setdefault(id(parameter), name)
    return names


def _walk(model: nn.Module) -> tuple[dict[int, str], int]:
    return _names(model), deepest()


def _inventory(model: nn.Module) -> Inventory:
    return inventory_of(subject_of(model), _names(model))


def _parent(path: str, inventory: Inventory) -> str:
    """Return the path of the nearest module around another."""
    parts = path.split(".")[:-1]
    while parts and ".".join(parts) not in (inventory.modules or {}):
        parts.pop()
    return ".".join(parts)
