"""GraphDefs that torch's and tensorboardX's `add_graph` write: traced modules in TF's clothes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vizkit.importers.aten import argument, plain
from vizkit.importers.building import Building
from vizkit.importers.tf_attributes import shapes_of
from vizkit.kinds.graph.graph import Graph, Shape

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
NO_SIZES = "the file does not tell the shapes of parameters"
_LONGEST = 1_000
_CALLED = re.compile(r"(\w+)\[(.+)\]")
_VALUE = re.compile(r"value\s*:\s*(.*?)\s*}?\s*$", re.DOTALL)
_NAME = re.compile(r"name\s*:\s*(\S+)\s*}?")


def is_made_by_torch(nodes: Sequence[Any]) -> bool:
    """Tell whether the operations are torch's."""
    return any(node.op.startswith(("aten::", "prim::")) for node in nodes)


def graph_of(nodes: Sequence[Any]) -> Graph:
    """Return the graph of nodes that follow what they read."""
    reading = _Reading()
    outputs = [node for node in nodes if node.op == "IO Node" and node.input]
    for node in nodes:
        if node not in outputs:
            reading.add(node)
    for place, node in enumerate(outputs):
        for value in node.input:
            reading.building.output(str(place), value)
    return reading.graph()


class _Reading:
    """Adds nodes; constants are told as arguments of who reads them, instead of being nodes."""

    def __init__(self) -> None:
        self.building = Building("tensorflow")
        self._texts: dict[str, str] = {}
        self._stored: set[str] = set()

    def graph(self) -> Graph:
        if self._stored:
            self.building.notes.append(NO_SIZES)
        return self.building.graph()

    def add(self, node: Any) -> None:
        attribute = node.attr["attr"].s[:_LONGEST].decode("utf-8", "replace")
        if node.op == "prim::Constant":
            value = _VALUE.search(attribute)
            self._texts[node.name] = value.group(1) if value else "None"
        elif node.op == "prim::ListConstruct" and all(each in self._texts for each in node.input):
            self._texts[node.name] = f"[{', '.join(self._texts[each] for each in node.input)}]"
        elif node.op == "prim::GetAttr":
            self._attribute(node, attribute)
        elif node.op == "IO Node":
            self.building.input(node.name.partition("/")[2], _shape(node), "", node.name)
        else:
            self._operation(node)

    def _attribute(self, node: Any, text: str) -> None:
        """Add a parameter or buffer; a module that is fetched is nothing to show."""
        found = _NAME.search(text)
        name = found.group(1) if found else node.name.split("/")[-2]
        called = [match.group(2) for match in map(_CALLED.fullmatch, node.name.split("/")) if match]
        full = ".".join([*called, name])
        kind = "buffer" if name in BUFFERS else "parameter"
        if full in self._stored:
            self.building.alias(node.name, full)
        else:
            self._stored.add(full)
            self.building.stored(kind, full, _shape(node))
            self.building.alias(node.name, full)

    def _operation(self, node: Any) -> None:
        op = plain(node.op)
        told = [
            (argument(op, place), self._texts[value])
            for place, value in enumerate(node.input)
            if value in self._texts
        ]
        reads = [value for value in node.input if value not in self._texts]
        scope = self._scope(node.name.split("/")[:-1])
        shape = _shape(node)
        shapes = () if shape is None else (shape,)
        self.building.running(op, scope, [node.name], reads, shapes=shapes, attributes=told)

    def _scope(self, parts: Sequence[str]) -> str:
        """Return the call of "Net/Linear[fc]": /fc in /, with the classes of both."""
        if not parts:
            return ""
        scope = self.building.scope("", "", parts[0].partition("[")[0])
        path: list[str] = []
        for match in filter(None, map(_CALLED.fullmatch, parts[1:])):
            path.append(match.group(2))
            scope = self.building.scope(scope, path[-1], match.group(1), path=".".join(path))
        return scope


def _shape(node: Any) -> Shape | None:
    shapes = shapes_of(node)
    return shapes[0] if shapes else None
