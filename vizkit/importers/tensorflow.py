"""TensorFlow's GraphDef: .pb and .pbtxt files, and what event files hold of one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.graph_pb2 import GraphDef

from vizkit.events.varint import BYTES, fields
from vizkit.importers import torch_graphdef
from vizkit.importers.building import Building
from vizkit.importers.files import File, reader
from vizkit.importers.tf_attributes import attributes_of, dtypes_of, functions_of, shapes_of
from vizkit.kinds.graph.graph import Graph, Node

_INPUTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "_Arg")
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_DEEPEST = 16
"""Functions that call functions; a recursive one would never end."""


@reader("a TensorFlow graph (GraphDef)")
def read(file: File) -> Graph:
    """Return the graph of a file, binary or text.

    Raises:
        GraphFileError: if it holds none.
    """
    head = file.head()
    is_text = b"node {" in head or b"node{" in head
    if is_saved_model(head):
        return from_bytes(_in_saved_model(file.read()))
    return graph_of(_of_text(file.text()) if is_text else GraphDef.FromString(file.read()))


def is_saved_model(head: bytes) -> bool:
    """Tell whether a file begins as saved_model.pb: version 1, and a message of messages."""
    if not head.startswith(b"\x08\x01\x12"):
        return False
    behind = 3
    while behind < len(head) and head[behind] & 0x80:
        behind += 1
    return head[behind + 1 : behind + 2] == b"\n"


def from_bytes(content: bytes) -> Graph:
    """Return the graph of a serialized GraphDef.

    Raises:
        ValueError, DecodeError: if it is none.
    """
    return graph_of(GraphDef.FromString(content))


def from_run_metadata(content: bytes) -> Graph:
    """Return the graph of a serialized RunMetadata: what tf.function was traced to.

    Raises:
        ValueError, DecodeError: if it is none.
    """
    record = RunMetadata.FromString(content)
    graphs = [each.pre_optimization_graph for each in record.function_graphs]
    merged = GraphDef()
    for graph in graphs or record.partition_graphs:
        merged.MergeFrom(graph)
    return graph_of(merged)


def graph_of(proto: Any) -> Graph:
    """Return the graph of a GraphDef.

    Raises:
        ValueError: if it has no nodes.
    """
    if not proto.node:
        raise ValueError("it holds no nodes of a TensorFlow graph")
    if torch_graphdef.is_made_by_torch(proto.node):
        return torch_graphdef.graph_of(in_order(proto.node))
    return _Reading({each.signature.name: each for each in proto.library.function}).graph(proto)


def in_order(nodes: Sequence[Any]) -> list[Any]:
    """Return the nodes so that each follows what it reads; a loop is entered at its first node."""
    by_name = {node.name: node for node in nodes}
    waits = {name: _sources(node) & by_name.keys() for name, node in by_name.items()}
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for name, sources in waits.items():
        for source in sources:
            readers[source].append(name)
    ready = deque(name for name, sources in waits.items() if not sources)
    rest = deque(by_name)
    done: dict[str, Any] = {}
    while ready or rest:
        name = ready.popleft() if ready else rest.popleft()
        if name in done:
            continue
        done[name] = by_name[name]
        for other in readers[name]:
            waits[other].discard(name)
            if not waits[other]:
                ready.append(other)
    return list(done.values())


def _in_saved_model(content: bytes) -> bytes:
    """Return the GraphDef of the first of a SavedModel's meta graphs; it is field 2 of both."""
    at, end = 0, len(content)
    for _ in range(2):
        found = [
            (a, b)
            for number, wire, a, b in fields(content, at, end)
            if (number, wire) == (2, BYTES)
        ]
        at, end = found[0]
    return content[at:end]


def _of_text(text: str) -> Any:
    # Here, not above: a viewer of event files never needs it.
    from google.protobuf import text_format

    try:
        return text_format.Parse(text, GraphDef())
    except text_format.ParseError as error:
        raise ValueError(str(error)) from error


def _sources(node: Any) -> set[str]:
    return {_base(each) for each in node.input}


def _base(value: str) -> str:
    return value.lstrip("^").partition(":")[0]


class _Reading:
    """Adds nodes; a value's name is that of its node and output, behind the scope it is in."""

    def __init__(self, functions: Mapping[str, Any]) -> None:
        self._functions = functions
        self._building = Building("tensorflow")
        self._controls = 0

    def graph(self, proto: Any) -> Graph:
        self._add_all(proto.node, "", 0)
        if self._controls:
            text = f"{self._controls} control dependencies, which carry no values, are not drawn"
            self._building.notes.append(text)
        return self._building.graph()

    def _add_all(
        self, nodes: Sequence[Any], within: str, depth: int, wanted: Iterable[str] = ()
    ) -> None:
        outputs = _outputs(nodes, wanted)
        for node in in_order(nodes):
            scope = self._scope(node.name.split("/")[:-1], within)
            reads = [self._local(each, within) for each in node.input if each[0:1] != "^"]
            self._controls += len(node.input) - len(reads)
            if depth < _DEEPEST:
                reads += self._bodies(node, scope, reads, depth)
            makes = [self._local(each, within) for each in outputs[node.name]]
            self._add(node, scope, makes, reads)

    def _add(self, node: Any, scope: str, makes: list[str], reads: list[str]) -> None:
        shapes, dtypes = shapes_of(node), dtypes_of(node)
        shape, dtype = shapes[0] if shapes else None, dtypes[0] if dtypes else ""
        name = node.name.replace("/", ".")
        made = ""
        if node.op in _INPUTS and not reads:
            made = self._building.input(name, shape, dtype)
        elif node.op in _VARIABLES:
            made = self._building.stored("parameter", name, shape, dtype)
        if made:
            for place, each in enumerate(makes):
                self._building.bind(each, made, place)
            return
        kind = "constant" if node.op == "Const" else "op"
        about = Node(
            id=f"{scope}:{node.op}",
            kind=kind,
            op=node.op,
            name=node.name.rpartition("/")[2],
            path=self._building.path(scope),
            scope=scope,
            shapes=shapes,
            dtypes=dtypes * max(len(shapes), 1),
            attributes=attributes_of(node),
        )
        self._building.add(about, makes, reads)

    def _bodies(self, node: Any, scope: str, inputs: list[str], depth: int) -> list[str]:
        """Add the functions that a node calls as scopes; return the values that they give back."""
        results: list[str] = []
        for attribute, name in functions_of(node):
            function = self._functions.get(name)
            if function is None:
                continue
            own = f"{node.name.rpartition('/')[2]}.{attribute}"
            path = self._building.path(scope, own)
            body = self._building.scope(scope, own, name, path=path)
            for place, argument in enumerate(function.signature.input_arg):
                if place < len(inputs):
                    self._building.alias(f"{body}|{argument.name}", inputs[place])
            wanted = list(function.ret.values())
            self._add_all(function.node_def, body, depth + 1, wanted)
            results += [self._local(each, body) for each in wanted]
        return results

    def _scope(self, parts: Iterable[str], within: str) -> str:
        scope = within
        for part in parts:
            scope = self._building.scope(scope, part, path=self._building.path(scope, part))
        return scope

    def _local(self, value: str, within: str) -> str:
        """Return the one name of a value: its first output has two."""
        return f"{within}|{_plain(value)}" if within else _plain(value)


def _outputs(nodes: Sequence[Any], wanted: Iterable[str]) -> dict[str, list[str]]:
    """Return the values that are read of each node, and its first one, by its name."""
    found = {node.name: {node.name} for node in nodes}
    read = (value for node in nodes for value in node.input if value[0:1] != "^")
    for value in (*read, *wanted):
        if _base(value) in found:
            found[_base(value)].add(_plain(value))
    return {name: sorted(values, key=_port) for name, values in found.items()}


def _plain(value: str) -> str:
    return value.removesuffix(":0") if value.count(":") == 1 else value


def _port(value: str) -> tuple[str, int]:
    base, _, port = value.rpartition(":")
    return (base, int(port)) if base and port.isdigit() else (value, 0)
