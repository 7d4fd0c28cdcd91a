"""torch.fx graphs, those of exported programs too, as graphs of vizkit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from vizkit.hooks.fx_nodes import (
    attributes_of,
    dtypes_of,
    is_built_in,
    nodes_in,
    nodes_read,
    op_of,
    shapes_of,
    stack_of,
)
from vizkit.hooks.graph_trace import dtype_name
from vizkit.hooks.subject import clean_name
from vizkit.importers.building import Building
from vizkit.importers.module_calls import Entry, ModuleCalls, user_line
from vizkit.kinds.graph.graph import Graph, Shape

_LONGEST = 80


def graph_of_program(program: ExportedProgram) -> Graph:
    """Return the graph of an exported program; that of its .pt2 file is the same."""
    signature = program.graph_signature
    stored = {
        **{name: ("parameter", full) for name, full in signature.inputs_to_parameters.items()},
        **{name: ("buffer", full) for name, full in signature.inputs_to_buffers.items()},
        **{
            name: ("constant", full)
            for name, full in signature.inputs_to_lifted_tensor_constants.items()
        },
    }
    reading = FxReading("export", program.graph_module, stored)
    reading.nodes(program.graph_module.graph)
    for place, name in enumerate(signature.user_outputs):
        reading.result(place, name)
    return reading.building.graph()


def graph_of_fx(module: fx.GraphModule) -> Graph:
    """Return the graph of a GraphModule; shapes are known where fake tensors went through it."""
    reading = FxReading("fx", module, {})
    reading.nodes(module.graph)
    (end,) = (node for node in module.graph.nodes if node.op == "output")
    for place, node in enumerate(end.all_input_nodes):
        reading.result(place, node.name)
    return reading.building.graph()


class FxReading:
    """Adds fx nodes; a value's name is that of its node, behind the subgraph's scope.

    `stored`: what placeholders are that are no inputs: (kind, full name).
    """

    def __init__(
        self, source: str, root: fx.GraphModule, stored: Mapping[str, tuple[str, str]]
    ) -> None:
        self.building = Building(source)
        self._source = source
        self._root = root
        self._stored = stored
        self.part = ""
        """Of several graphs that make one: what tells the names of this one's values."""
        self.titles: dict[str, str] = {}
        """What inputs are called where their nodes have names that nobody knows."""
        self.ids: dict[tuple[str, str], str] = {}
        """The id of each operation by its part and its name there."""
        self._calls = ModuleCalls(self.building)

    def next_part(
        self, part: str, root: fx.GraphModule, stored: Mapping[str, tuple[str, str]]
    ) -> None:
        """Go on with another graph of the same model."""
        self.part, self._root, self._stored = part, root, stored

    def local(self, name: str) -> str:
        """Return what a value of this part is called here."""
        return self._local(name, "")

    def result(self, place: int, name: str | None) -> None:
        """Add a result of the model, if it is a tensor."""
        if isinstance(name, str) and self.building.knows(self.local(name)):
            self.building.output(str(place), self.local(name))

    def nodes(self, graph: fx.Graph, within: str = "", root: fx.GraphModule | None = None) -> None:
        """Add all nodes of a graph."""
        for node in graph.nodes:
            if node.op == "placeholder":
                self._placeholder(node, within)
            elif node.op == "get_attr":
                self._attribute(node, within, root or self._root)
            elif node.op == "call_module":
                self._module(node, within)
            elif node.op in ("call_function", "call_method"):
                self._operation(node, within, root or self._root)

    def _local(self, name: str, within: str) -> str:
        return f"{self.part}{within}|{name}" if within or self.part else name

    def _placeholder(self, node: fx.Node, within: str) -> None:
        name = self._local(node.name, within)
        value = node.meta.get("val", node.meta.get("example_value"))
        if self.building.knows(name) or isinstance(value, (bool, int, float, str)):
            return
        shape, dtype = next(iter(shapes_of(node)), None), next(iter(dtypes_of(node)), "")
        if node.name not in self._stored:
            if self._source == "fx" or value is not None:
                self.building.input(self.titles.get(node.name, node.name), shape, dtype, name)
            return
        kind, full = self._stored[node.name]
        frozen = kind == "parameter" and isinstance(value, Tensor) and not value.requires_grad
        self._keep(kind, clean_name(full), shape, dtype, name, state="frozen" if frozen else "")

    def _attribute(self, node: fx.Node, within: str, root: fx.GraphModule) -> None:
        value = _fetched(root, str(node.target))
        if isinstance(value, Tensor):
            kind = "parameter" if isinstance(value, nn.Parameter) else "buffer"
            self._tensor(kind, str(node.target), value, self._local(node.name, within))

    def _tensor(self, kind: str, full: str, value: Tensor, made: str) -> None:
        state = "frozen" if kind == "parameter" and not value.requires_grad else ""
        shape, dtype = tuple(value.shape), dtype_name(value.dtype)
        self._keep(kind, clean_name(full), shape, dtype, made, state=state)

    def _keep(
        self, kind: str, name: str, shape: Shape | None, dtype: str, made: str, *, state: str
    ) -> None:
        """Add what a model holds, once; `made` is one more name for it."""
        known = f"{kind}:{name}"
        if not self.building.knows(known):
            self.building.stored(kind, name, shape, dtype, known, state=state)
        self.building.alias(made, known)

    def _module(self, node: fx.Node, within: str) -> None:
        """Add a module that is called as a whole, with the parameters that it holds."""
        path = str(node.target)
        module = self._root.get_submodule(path)
        stack = self._around(node)
        if stack[-1][1] != path:
            stack.append((node.name, path, type(module).__name__))
        reads = [self._local(each.name, within) for each in node.all_input_nodes]
        for kind, named in (
            ("parameter", module.named_parameters()),
            ("buffer", module.named_buffers()),
        ):
            for name, value in named:
                self._tensor(kind, f"{path}.{name}", value, f"{kind}:{path}.{name}")
                reads.append(f"{kind}:{clean_name(f'{path}.{name}')}")
        self.ids[self.part, node.name] = self.building.running(
            type(module).__name__,
            self._calls.scope(stack, within),
            self._made(node, within),
            reads,
            shapes=shapes_of(node),
            dtypes=dtypes_of(node),
            source=user_line(node.meta.get("stack_trace") or ""),
            attributes=[("settings", text)] if (text := module.extra_repr()[:_LONGEST]) else (),
        )

    def _operation(self, node: fx.Node, within: str, root: fx.GraphModule) -> None:
        if self._is_part(node, within):
            return
        scope = within or self._calls.scope(self._around(node))
        reads = [self._local(each.name, within) for each in nodes_read(node)]
        reads += self._subgraphs(node, scope, within, root)
        self.ids[self.part, node.name] = self.building.running(
            op_of(node),
            scope,
            self._made(node, within),
            reads,
            kind="op" if is_built_in(node.target) else "function",
            shapes=shapes_of(node),
            dtypes=dtypes_of(node),
            source=user_line(node.meta.get("stack_trace") or ""),
            attributes=list(attributes_of(node)),
        )

    def _around(self, node: fx.Node) -> list[Entry]:
        """Return the calls around a node; symbolic tracing leaves the model itself out."""
        found = stack_of(node)
        if self._source == "fx" and (not found or found[0][1]):
            found.insert(0, ("", "", type(self._root).__name__))
        return found

    def _is_part(self, node: fx.Node, within: str) -> bool:
        """Take an item of an operation's several results as that result itself."""
        if getattr(node.target, "__name__", "") != "getitem":
            return False
        whole, place = node.args[:2]
        if not isinstance(whole, fx.Node) or not isinstance(place, int):
            return False
        known = f"{self._local(whole.name, within)}:{place}"
        self.building.alias(self._local(node.name, within), known)
        return self.building.knows(known)

    def _made(self, node: fx.Node, within: str) -> list[str]:
        """Return the names of a node's results: several are told apart by their places."""
        name = self._local(node.name, within)
        value = node.meta.get("val", node.meta.get("example_value"))
        if isinstance(value, (tuple, list)) and value:
            return [f"{name}:{place}" for place in range(len(value))]
        return [name]

    def _subgraphs(self, node: fx.Node, scope: str, within: str, root: fx.GraphModule) -> list[str]:
        """Add the branches of a cond, or the body of a loop, as scopes; return their results."""
        targets = [str(n.target) for n in nodes_in(node.args) if n.op == "get_attr"]
        found = [(name, _fetched(root, name)) for name in targets]
        lists = [arg for arg in node.args if isinstance(arg, (tuple, list))]
        operands = [self._local(n.name, within) for n in nodes_in(lists)]
        results: list[str] = []
        for target, body in found:
            if not isinstance(body, fx.GraphModule):
                continue
            name = f"{op_of(node)}.{target}"
            path = self.building.path(scope, name)
            own = self.building.scope(scope, name, target, path=path)
            inner = [n.name for n in body.graph.nodes if n.op == "placeholder"]
            for argument, operand in zip(inner, operands, strict=False):
                self.building.alias(self._local(argument, own), operand)
            self.nodes(body.graph, own, body)
            (end,) = (n for n in body.graph.nodes if n.op == "output")
            results += [self._local(n.name, own) for n in end.all_input_nodes]
        return results


def _fetched(root: nn.Module, target: str) -> Any:
    found: Any = root
    for part in target.split("."):
        found = getattr(found, part, None)
    return found
