"""Nodes of a graph, each made of what one thing is known by."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix

from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_trace import Step
from vizkit.kinds.graph.graph import Node, Shape


def operation_node(step: Step, path: str, scope: str) -> Node:
    """Return an autograd node in the module call `scope`."""
    return Node(
        id=f"{scope}:{step.op}",
        kind="function" if step.custom else "op",
        op=step.op,
        name=step.op,
        path=path,
        scope=scope,
        shapes=step.shapes,
        dtypes=step.dtypes,
    )


def module_node(call: Call, op: str, scope: str) -> Node:
    """Return a call that autograd knows nothing of; `op` is the module's class."""
    return Node(
        id=f"{scope}:call",
        kind="module",
        op=op,
        name=op,
        path=call.path,
        scope=scope,
        shapes=tuple(shape for _, _, shape, _ in call.results),
        dtypes=tuple(dtype for *_, dtype in call.results),
        state="" if call.grad else "no_grad",
    )


def tensor_node(name: str, shape: Shape, dtype: str) -> Node:
    """Return a tensor that comes in or goes out; `name` is its kind, a colon, and its label."""
    kind, _, label = name.partition(":")
    return Node(name, kind, "Tensor", label, shapes=(shape,), dtypes=(dtype,))


def guessed_path(steps: Sequence[Step], step: Step) -> str:
    """Return the module whose parameters an operation reads, where no call tells it."""
    sources = (steps[source[0]].leaf for source in step.inputs if source)
    paths = [name.split(".")[:-1] for name in sources if name]
    return ".".join(commonprefix(paths))
