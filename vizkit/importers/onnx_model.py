"""ONNX models, with the extra `vizkit[onnx]`; weights in other files are not looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from vizkit.errors import GraphFileError
from vizkit.importers.building import Building
from vizkit.importers.files import File, given, reader
from vizkit.importers.module_calls import ModuleCalls, user_line
from vizkit.importers.onnx_attributes import (
    argument,
    attributes_of,
    dtype_name,
    listed,
    metadata_of,
    of_type,
    value_of,
)
from vizkit.kinds.graph.graph import Graph, Shape

NEEDS_ONNX = "Reading ONNX needs the package onnx: pip install 'vizkit[onnx]'."
_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
_TRACE = "pkg.torch.onnx.stack_trace"
_BUFFERS = re.compile(r"(running_mean|running_var|num_batches_tracked)$")
_DEEPEST = 16
_MOST_INFERRED = 20_000


def read(what: Any) -> Graph:
    """Return the graph of a path or of bytes.

    Raises:
        GraphFileError: if it holds none, or the package onnx is missing.
    """
    given(what)
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise GraphFileError(NEEDS_ONNX) from error
    return _read(what)


@reader("an ONNX model")
def _read(file: File) -> Graph:
    import onnx

    model = onnx.load_model_from_string(file.read())
    if not model.graph.node and not model.graph.output:
        raise ValueError("it holds no graph")
    return graph_of(_inferred(model))


def graph_of(model: Any) -> Graph:
    """Return the graph of a ModelProto."""
    reading = _Reading(model)
    reading.graph(model.graph, "", {}, 0)
    for value in model.graph.output:
        reading.building.output(value.name, value.name)
    return reading.building.graph()


def _inferred(model: Any) -> Any:
    """Return the model with shapes, which not every writer tells."""
    if model.graph.value_info or len(model.graph.node) > _MOST_INFERRED:
        return model
    import onnx

    with suppress(Exception):  # shapes are a gift, not a need
        return onnx.shape_inference.infer_shapes(model)
    return model


class _Reading:
    """Adds nodes; `names`: what the names of a subgraph or function are called here."""

    def __init__(self, model: Any) -> None:
        self.building = Building("onnx")
        self._calls = ModuleCalls(self.building)
        self._functions = {(each.domain, each.name): each for each in model.functions}
        self._texts: dict[str, str] = {}
        self._shapes: dict[str, tuple[Shape, str]] = {}

    def graph(self, graph: Any, within: str, names: dict[str, str], depth: int) -> None:
        """Add inputs, initializers and nodes of a graph."""
        for value in (*graph.input, *graph.output, *graph.value_info):
            found = of_type(value.type)
            if found is not None:
                self._shapes[self._local(value.name, within)] = found
        for tensor in graph.initializer:
            self._initializer(tensor, within, names)
        stored = {tensor.name for tensor in graph.initializer}
        for value in graph.input:
            if value.name not in stored and value.name not in names:
                made = names[value.name] = self._local(value.name, within)
                shape, dtype = self._shapes.get(made, (None, ""))
                self.building.input(value.name, shape, dtype, made)
        self._nodes(graph.node, within, names, depth)

    def _nodes(self, nodes: Iterable[Any], within: str, names: dict[str, str], depth: int) -> None:
        for node in nodes:
            if node.op_type == "Constant" and self._constant(node, within, names):
                continue
            scope = within or self._scope(node)
            places = [
                (place, names.get(name, name)) for place, name in enumerate(node.input) if name
            ]
            told = [(argument(node, p), self._texts[n]) for p, n in places if n in self._texts]
            reads = [name for _, name in places if name not in self._texts]
            if depth < _DEEPEST:
                reads += self._bodies(node, scope, names, places, depth)
            makes = [self._local(name, within) for name in node.output]
            names.update((n, made) for n, made in zip(node.output, makes, strict=True) if n)
            known = [self._shapes.get(made) for made in makes]
            self.building.running(
                node.op_type,
                scope,
                makes,
                reads,
                kind="op" if node.domain in ("", "ai.onnx") else "function",
                shapes=[each[0] for each in known if each],
                dtypes=[each[1] for each in known if each],
                source=user_line(metadata_of(node).get(_TRACE, "")),
                attributes=[*told, *attributes_of(node)],
            )

    def _initializer(self, tensor: Any, within: str, names: dict[str, str]) -> None:
        made = names[tensor.name] = self._local(tensor.name, within)
        shape, dtype = tuple(tensor.dims), dtype_name(tensor.data_type)
        text = value_of(tensor) if not dtype.startswith("float") or not shape else ""
        if text:
            self._texts[made] = text
            return
        kind = "parameter" if dtype.startswith(("float", "bfloat")) else "constant"
        kind = "buffer" if _BUFFERS.search(tensor.name) else kind
        self.building.stored(kind, tensor.name, shape, dtype, made)

    def _constant(self, node: Any, within: str, names: dict[str, str]) -> bool:
        """Take a small constant as a setting of whoever reads it."""
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        text = value_of(value) if value is not None else ""
        if text:
            made = names[node.output[0]] = self._local(node.output[0], within)
            self._texts[made] = text
        return bool(text)

    def _bodies(
        self,
        node: Any,
        scope: str,
        names: Mapping[str, str],
        places: Sequence[tuple[int, str]],
        depth: int,
    ) -> list[str]:
        """Add branches, a loop's body or a function as scopes; return what they give back."""
        results: list[str] = []
        for attribute in node.attribute:
            graphs = [attribute.g] if attribute.HasField("g") else []
            for graph in (*graphs, *attribute.graphs):
                own, inner = self._inside(node, scope, attribute.name), dict(names)
                skipped = len(places) - len(graph.input) if node.op_type == "Scan" else 0
                for value, (_, outer) in zip(graph.input, places[max(skipped, 0) :], strict=False):
                    inner[value.name] = outer
                self.graph(graph, own, inner, depth + 1)
                results += [inner.get(value.name, value.name) for value in graph.output]
        function = self._functions.get((node.domain, node.op_type))
        if function is not None:
            own = self._inside(node, scope, node.op_type)
            at = dict(places)
            inner = {name: at[p] for p, name in enumerate(function.input) if p in at}
            self._nodes(function.node, own, inner, depth + 1)
            results += [inner[name] for name in function.output if name in inner]
        return results

    def _inside(self, node: Any, scope: str, name: str) -> str:
        title = f"{node.name.strip('/').rpartition('/')[2] or node.op_type}.{name}"
        return self.building.scope(scope, title, name, path=self.building.path(scope, title))

    def _scope(self, node: Any) -> str:
        """Return the module call that a node's metadata tells, or its name: "/conv/Conv"."""
        about = metadata_of(node)
        if _SCOPES in about:
            paths, kinds = listed(about[_SCOPES])[:-1], listed(about.get(_CLASSES, "[]"))
            kinds += [""] * len(paths)
            return self._calls.scope((p, p, k) for p, k in zip(paths, kinds, strict=False))
        scope = ""
        for part in node.name.strip("/").split("/")[:-1]:
            scope = self.building.scope(scope, part, path=self.building.path(scope, part))
        return scope

    def _local(self, name: str, within: str) -> str:
        return f"{within}|{name}" if within else name
