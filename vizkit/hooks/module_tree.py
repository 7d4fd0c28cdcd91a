"""The module tree of a model, or the list of raw tensors, as nodes of a graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor, nn

from vizkit.hooks.shapes import Call, ForwardPass
from vizkit.hooks.subject import Named, clean_name, unwrapped
from vizkit.kinds.graph.module_graph import Edge, ModuleGraph, Node


def tensor_graph(tensors: Named) -> ModuleGraph:
    """Return one node for each raw tensor."""
    return ModuleGraph(tuple(_tensor_node(name, tensor) for name, tensor in tensors))


def module_graph(model: nn.Module, names: Mapping[int, str]) -> ModuleGraph:
    """Return the tree of a model's modules; `names` gives a parameter's logged name by its id."""
    root = unwrapped(model)
    modules = [(clean_name(path), unwrapped(module)) for path, module in root.named_modules()]
    seen: dict[str, Node] = {}
    for path, module in modules:
        if path not in seen:
            seen[path] = _module_node(path, module, names)
    return ModuleGraph(tuple(seen.values()))


def with_forward_pass(graph: ModuleGraph, seen: ForwardPass) -> ModuleGraph:
    """Return the graph with what one forward pass showed: shapes, order, edges, notes."""
    nodes = tuple(_with_call(node, seen.calls.get(node.id)) for node in graph.nodes)
    edges = tuple(Edge(source, target) for source, target in seen.edges)
    return replace(graph, nodes=nodes, edges=edges, notes=(*graph.notes, *seen.notes))


def _module_node(path: str, module: nn.Module, names: Mapping[int, str]) -> Node:
    parent, _, name = path.rpartition(".")
    own = [p for p in module.parameters(recurse=False)]
    everything = list(module.parameters())
    return Node(
        id=path,
        name=name or type(module).__name__,
        path=path,
        kind="module",
        op=type(module).__name__,
        parent=parent,
        parameters=sum(_count(p) for p in everything),
        trainable=sum(_count(p) for p in everything if p.requires_grad),
        parameter_names=tuple(names[id(p)] for p in own if id(p) in names),
        buffers=sum(1 for _ in module.buffers(recurse=False)),
        extra=module.extra_repr(),
    )


def _count(parameter: Tensor) -> int:
    # The parameters of lazy modules have no size before the first forward pass.
    return 0 if isinstance(parameter, nn.UninitializedParameter) else parameter.numel()


def _tensor_node(name: str, tensor: Tensor) -> Node:
    return Node(
        id=name,
        name=name,
        path=name,
        kind="parameter",
        op=type(tensor).__name__,
        parameters=tensor.numel(),
        trainable=tensor.numel(),
        parameter_names=(name,),
        output_shapes=(tuple(tensor.shape),),
    )


def _with_call(node: Node, call: Call | None) -> Node:
    if call is None:
        return node
    return replace(node, input_shapes=call.inputs, output_shapes=call.outputs, order=call.order)
