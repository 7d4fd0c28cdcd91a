"""A graph as TensorBoard's Graphs tab reads it: a GraphDef whose names nest like the modules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

from vizkit.events.frames import frame
from vizkit.kinds.graph.graph import Edge, Graph, Node

WRITER = "vizkit"
"""Marks the record as a copy: our own readers take the graph itself."""

_OWN_SCOPE = ("parameter", "buffer")


def graph_def_record(graph: Graph, step: int, wall_time: float) -> bytes:
    """Return the record that TensorBoard shows as a run's graph."""
    event = Event(step=step, wall_time=wall_time, graph_def=graph_def(graph).SerializeToString())
    event.source_metadata.writer = WRITER
    return frame(event.SerializeToString())


def graph_def(graph: Graph) -> GraphDef:
    """Return the graph with each node named by its place: "Net/layers/3/Addmm"."""
    names = _names(graph)
    inputs: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        inputs[edge.dst].append(edge)
    found = GraphDef(node=(_node(node, inputs[node.id], names) for node in graph.nodes))
    found.versions.producer = 22
    return found


def _node(node: Node, inputs: Iterable[Edge], names: Mapping[str, str]) -> NodeDef:
    ordered = sorted(inputs, key=_port)
    ends = [names[e.src] + (f":{e.output}" if e.output else "") for e in ordered]
    found = NodeDef(name=names[node.id], op=node.op or node.kind, input=ends)
    shapes = (_shape(shape) for shape in node.shapes)
    found.attr["_output_shapes"].list.shape.extend(shapes)
    said = {"dtype": ", ".join(node.dtypes), "source": node.source, "state": node.state}
    for name, value in {**said, **dict(node.attributes)}.items():
        if value:
            found.attr[name].s = value.encode(errors="replace")
    return found


def _port(edge: Edge) -> int:
    return edge.input


def _shape(shape: Iterable[int]) -> TensorShapeProto:
    return TensorShapeProto(dim=(TensorShapeProto.Dim(size=size) for size in shape))


def _names(graph: Graph) -> dict[str, str]:
    """Return a name for each node; no two are the same, and none is the name of a scope."""
    root = next((scope.op for scope in graph.scopes if not scope.path), "")
    first = {scope.path: scope.id for scope in reversed(graph.scopes)}
    taken = {_joined(root, scope.id) for scope in graph.scopes}
    names: dict[str, str] = {}
    for node in graph.nodes:
        scope = node.scope
        if node.kind in _OWN_SCOPE:
            scope = first.get(node.path, "/" + node.path.replace(".", "/"))
        last = node.name.rpartition(".")[2] if node.kind in _OWN_SCOPE else _last(node)
        names[node.id] = _free(_joined(root if scope else "", f"{scope}/{last}"), taken)
        taken.add(names[node.id])
    return names


def _last(node: Node) -> str:
    scope, _, last = node.id.rpartition(":")
    return last if scope == node.scope else node.id.replace(":", "_").strip("/")


def _joined(*parts: str) -> str:
    """Return the parts as one path; "#2", a second call, is "_2", as TensorFlow numbers."""
    path = "/".join(part for each in parts for part in each.split("/") if part)
    return path.replace("#", "_")


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
