"""The graph that ran: operations, parameters, inputs, losses, and the module calls around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int, ...]

KINDS = (
    "input",
    "parameter",
    "buffer",
    "constant",
    "module",
    "op",
    "function",
    "loss",
    "output",
)
"""What a node can be: "function" is a custom autograd Function, "module" a call without ops."""

SOURCES = (
    "dynamic",
    "export",
    "torchscript",
    "fx",
    "inductor",
    "onnx",
    "tensorflow",
    "keras",
    "caffe",
)
"""Where a graph is from: "dynamic" is what a step ran, "inductor" what torch.compile made of it."""


@dataclass(frozen=True)
class Node:
    """One operation, parameter, input or result.

    `id` stays the same over steps and versions. `path` is the module's name in the model (what
    joins everything that is known of it), `scope` the id of the call it ran in, "" outside. `order`
    is the place in the execution order, -1 if it does not run. `shapes`, `dtypes`: of its outputs.
    `state`: "", or of parameters "frozen" or "unused", of modules and operations that autograd did
    not record "no_grad". `source`: "file:line". `attributes`: (name, value) of what else there is
    to say, such as a convolution's stride.
    """

    id: str
    kind: str
    op: str
    name: str
    path: str = ""
    scope: str = ""
    shapes: tuple[Shape, ...] = ()
    dtypes: tuple[str, ...] = ()
    parameters: int = 0
    flops: int = 0
    order: int = -1
    state: str = ""
    source: str = ""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Edge:
    """Output `output` of node `src` is input `input` of node `dst`; `shape` is what flows.

    `kind`: "data"; "parameter"; "inferred" where only the module call tells where it went; "hidden"
    from a parameter used inside a node that autograd does not look into.
    """

    src: str
    dst: str
    output: int = 0
    input: int = 0
    shape: Shape = ()
    kind: str = "data"


@dataclass(frozen=True)
class Scope:
    """One call of a module: the `call`-th of `path` in its parent's call; -1 if never called.

    `op` is the module's class, `parent` the id of the calling scope ("" for none).
    """

    id: str
    path: str
    op: str
    parent: str = ""
    call: int = 0
    state: str = ""
    input_shapes: tuple[Shape, ...] = ()
    output_shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True)
class Graph:
    """What one step ran, or what a file says would run; nodes in execution order, the rest behind.

    `source` is one of SOURCES.

    `exact`, `topology` and `rolled` are signatures: with shapes, without, and blind to how often
    loops ran; equal in every process. `notes` say what was not seen. `extra` keeps what a later
    version of the format may add.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    scopes: tuple[Scope, ...] = ()
    source: str = "dynamic"
    exact: str = ""
    topology: str = ""
    rolled: str = ""
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
