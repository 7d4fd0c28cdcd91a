"""torch.export's .pt2 files: a zip with the program as JSON beside the weights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vizkit.importers.archive import Archive, opened
from vizkit.importers.building import UNKNOWN, Building
from vizkit.importers.files import File, reader
from vizkit.importers.module_calls import ModuleCalls, op_name, parsed_stack, user_line
from vizkit.kinds.graph.graph import Graph, Shape

PROGRAMS = r"(^|/)models/[^/]+\.json$|(^|/)serialized_exported_program\.json$"
"""Where the program lies: since torch 2.7, and before."""
COMPILED = r"(^|/)data/aotinductor/"
_DTYPES = (
    "",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex32",
    "complex64",
    "complex128",
    "bool",
    "bfloat16",
)
_STORED = {
    "parameter": ("parameter", "parameter_name"),
    "buffer": ("buffer", "buffer_name"),
    "tensor_constant": ("constant", "tensor_constant_name"),
}
_TENSORS = ("as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool")
_LONGEST = 80
_DEEPEST = 32


@reader("a program of torch.export (.pt2)")
def read(file: File) -> Graph:
    """Return the graph of a .pt2 file; neither its model's code nor torch is needed.

    Raises:
        GraphFileError: if it holds none.
    """
    with opened(file) as archive:
        return from_json(_program(archive))


def from_json(text: bytes) -> Graph:
    """Return the graph of a serialized program.

    Raises:
        ValueError, KeyError, TypeError: if it is none.
    """
    module = json.loads(text)["graph_module"]
    reading = _Reading()
    reading.inputs(module)
    reading.nodes(module["graph"], "", 0)
    reading.outputs(module)
    return reading.building.graph()


def _program(archive: Archive) -> bytes:
    name = archive.find(PROGRAMS)
    if name:
        return archive.read(name)
    if archive.find(COMPILED):
        raise ValueError("it holds compiled code only, no graph")
    raise ValueError("it holds no exported program")


class _Reading:
    """Adds the nodes; a value's name is the file's, behind the scope of the subgraph it is in."""

    def __init__(self) -> None:
        self.building = Building("export")
        self._calls = ModuleCalls(self.building)

    def inputs(self, module: Mapping[str, Any]) -> None:
        """Add parameters, buffers, constants and inputs."""
        values = module["graph"]["tensor_values"]
        for spec in module["signature"]["input_specs"]:
            ((kind, about),) = spec.items()
            for name in _names(about.get("arg", {})):
                shape, dtype = _shape(values.get(name)), _dtype(values.get(name))
                if kind in _STORED:
                    what, key = _STORED[kind]
                    frozen = what == "parameter" and not values[name].get("requires_grad", True)
                    state = "frozen" if frozen else ""
                    self.building.stored(what, about[key], shape, dtype, name, state=state)
                else:
                    self.building.input(name, shape, dtype)

    def outputs(self, module: Mapping[str, Any]) -> None:
        """Add the results; what is written back into a buffer ends there."""
        place = 0
        for spec in module["signature"]["output_specs"]:
            ((kind, about),) = spec.items()
            for name in _names(about.get("arg", {})):
                if kind in ("user_output", "loss_output"):
                    loss = kind == "loss_output"
                    self.building.output(str(place), name, kind="loss" if loss else "output")
                    place += 1

    def nodes(self, graph: Mapping[str, Any], within: str, depth: int) -> None:
        """Add the operations of a graph; `within`: the scope of a subgraph."""
        if depth > _DEEPEST:
            raise ValueError("its subgraphs are nested too deeply")
        values = graph["tensor_values"]
        for node in graph["nodes"]:
            about = node.get("metadata", {})
            stack = parsed_stack(about.get("nn_module_stack", ""))
            scope = within or self._calls.scope(stack)
            arguments = [(each.get("name", ""), each["arg"]) for each in node["inputs"]]
            reads = [_local(name, within) for _, arg in arguments for name in _names(arg)]
            reads += self._subgraphs(node, arguments, scope, within, depth)
            made = [name for each in node["outputs"] for name in _names(each)]
            shapes = [_shape(values.get(name)) for name in made]
            self.building.running(
                op_name(node["target"]),
                scope,
                [_local(name, within) for name in made],
                reads,
                kind="op"
                if node["target"].startswith(("torch.ops.", "_operator."))
                else "function",
                shapes=[shape or () for shape in shapes],
                dtypes=[_dtype(values.get(name)) for name in made],
                source=user_line(about.get("stack_trace", "")),
                attributes=[(n, _text(arg)) for n, arg in arguments if n and _text(arg)],
            )

    def _subgraphs(
        self,
        node: Mapping[str, Any],
        arguments: Sequence[tuple[str, Any]],
        scope: str,
        within: str,
        depth: int,
    ) -> list[str]:
        """Add the branches of a cond, or the body of a loop, as scopes; return their results."""
        graphs = [arg["as_graph"] for _, arg in arguments if "as_graph" in arg]
        # What the branches are called with stands in lists behind them.
        lists = [arg for _, arg in arguments if "as_tensors" in arg]
        operands = [_local(name, within) for arg in lists for name in _names(arg)]
        results: list[str] = []
        for graph in graphs:
            name = f"{op_name(node['target'])}.{graph['name']}"
            own = self.building.scope(
                scope, name, graph["name"], path=self.building.path(scope, name)
            )
            inputs = [name for each in graph["graph"]["inputs"] for name in _names(each)]
            for inner, outer in zip(inputs, operands, strict=False):
                self.building.alias(_local(inner, own), outer)
            self.nodes(graph["graph"], own, depth + 1)
            ends = [name for each in graph["graph"]["outputs"] for name in _names(each)]
            results += [_local(name, own) for name in ends]
        return results


def _local(name: str, within: str) -> str:
    return f"{within}|{name}" if within else name


def _names(argument: Any) -> Iterator[str]:
    """Yield the names of the values in an argument, in any of the forms it may have."""
    if not isinstance(argument, dict):
        return
    if isinstance(argument.get("name"), str):
        yield argument["name"]
        return
    for kind, value in argument.items():
        if kind in ("as_graph", "as_custom_obj"):
            continue
        if kind == "as_name":
            yield str(value)
        elif isinstance(value, dict):
            yield from _names(value)
        elif isinstance(value, list):
            yield from _listed(value)


def _listed(values: Sequence[Any]) -> Iterator[str]:
    for each in values:
        if isinstance(each, list):
            yield from _listed(each)
        else:
            yield from _names(each)


def _shape(meta: Mapping[str, Any] | None) -> Shape | None:
    if meta is None:
        return None
    return tuple(size.get("as_int", UNKNOWN) for size in meta["sizes"])


def _dtype(meta: Mapping[str, Any] | None) -> str:
    number = meta["dtype"] if meta is not None else 0
    return _DTYPES[number] if number < len(_DTYPES) else str(number)


def _text(argument: Mapping[str, Any]) -> str:
    """Return a plain argument as text; "" for tensors and None."""
    ((kind, value),) = argument.items()
    if kind in ("as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string"):
        return str(value)[:_LONGEST]
    if kind == "as_scalar_type":
        return _DTYPES[value] if value < len(_DTYPES) else str(value)
    return ""
