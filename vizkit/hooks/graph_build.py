"""The graph of a step: traces of its backward passes, put into the module calls they ran in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

from vizkit.hooks.graph_by_hand import words_of
from vizkit.hooks.graph_flops import flops_of, flops_of_steps
from vizkit.hooks.graph_inferred import (
    Layout,
    hidden_parameters,
    made_nothing,
    parameters_of_modules,
    ways_between_calls,
)
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Joined, Pass, joined
from vizkit.hooks.graph_nodes import guessed_path, module_node, operation_node, tensor_node
from vizkit.hooks.graph_notes import Surroundings, notes_of
from vizkit.hooks.graph_scopes import Scopes, uncalled
from vizkit.hooks.graph_trace import digest, topology_of
from vizkit.hooks.graph_traced import Traced, Wiring
from vizkit.kinds.graph.graph import Edge, Graph, Node, Shape


def graph_and_ids_of(
    passes: Sequence[Pass], inventory: Inventory, rolled: str
) -> tuple[Graph, dict[tuple[str, Any], str]]:
    """Return the graph, and the node of each operation and of what these read from outside."""
    builder = _Builder(passes, inventory)
    return builder.graph(rolled), builder.ids()


Order = tuple[int, int, int, int]
Make = Callable[[int], Node]


def graph_of(passes: Sequence[Pass], inventory: Inventory, rolled: str) -> Graph:
    """Return the graph of backward passes that together make a step of the training."""
    return _Builder(passes, inventory).graph(rolled)


class _Builder:
    """Collects nodes and edges; places are those in the joined steps, or calls."""

    def __init__(self, passes: Sequence[Pass], inventory: Inventory) -> None:
        self._passes = passes
        self._inventory = inventory
        self._joined: Joined = joined(passes)
        self._scopes = Scopes(self._joined.calls)
        self._heard = any(each.calls is not None for each in passes)
        self._call_of = self._attributed()
        self._called = self._scopes.used(set(self._call_of.values()))
        self._traced = Traced(self._joined, self._scopes, self._call_of, self._called)
        self._flops = flops_of_steps(self._joined, self._traced)
        self._ids: dict[int, str] = {}
        self._module_ids: dict[int, str] = {}
        self._op_ids: dict[int, str] = {}
        self._loose: dict[int, str] = {}
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._used: set[str] = set()

    def graph(self, rolled: str) -> Graph:
        self._add_running()
        self._add_leaves()
        self._add_data_edges()
        self._add_inferred()
        self._add_losses()
        self._add_outputs()
        classes = self._inventory.modules or {}
        calls = [self._scopes.scope(p, classes, self._scopes.number(p)) for p in self._called]
        nodes = (*self._nodes, *self._parameters(), *self._inventory.buffers)
        silent = uncalled(classes, {call.path for call in calls}) if self._heard else []
        return Graph(
            nodes=nodes,
            edges=tuple(self._edges),
            scopes=(*calls, *silent),
            exact=self._signature(shapes=True),
            topology=self._signature(shapes=False),
            rolled=rolled,
            notes=notes_of(nodes, self._surroundings()),
        )

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            heard=self._heard,
            traced=all(each.ops is not None for each in self._passes),
            partial=any(each.partial for each in self._passes),
            transformed=any(op.transformed for op in self._joined.ops),
            wrappers=self._inventory.wrappers,
        )

    def ids(self) -> dict[tuple[str, Any], str]:
        """Return the node's id by ("op", place), and by the origin of what has none."""
        found = {("op", at): self._ids[place] for at, place in self._traced.makers().items()}
        found |= {("op", at): name for at, name in self._op_ids.items()}
        found |= {("input", at): f"input:{at}" for at in range(len(self._joined.inputs))}
        found |= {("loose", at): name for at, name in self._loose.items()}
        held = (*self._inventory.parameters, *self._inventory.buffers)
        return found | {("id", node.id): node.id for node in held}

    def _signature(self, *, shapes: bool) -> str:
        if not self._joined.steps:
            return digest(words_of(self._joined.ops, shapes=shapes))
        return topology_of([each.trace for each in self._passes], shapes=shapes)

    def _attributed(self) -> dict[int, int]:
        steps = enumerate(self._joined.steps)
        return {
            place: self._scopes.place(step.sequence) for place, step in steps if step.leaf is None
        }

    def _add_running(self) -> None:
        """Add operations, and calls that autograd knows nothing of, in the order they ran."""
        steps, calls, traced = self._joined.steps, self._joined.calls, self._traced
        running: list[tuple[Order, int, Make, dict[int, str]]] = []
        for place in self._call_of:
            order = (steps[place].sequence, 1, place, 0)
            running.append((order, place, self._operation, self._ids))
        for at in self._opaque():
            running.append(((calls[at].start, 0, at, 0), at, self._module, self._module_ids))
        for at in traced.shown:
            running.append((traced.order(at), at, self._traced_node, self._op_ids))
        counts: Counter[str] = Counter()
        for order_of_all, (_, place, make, ids) in enumerate(sorted(running, key=itemgetter(0))):
            node = make(place)
            ids[place] = _numbered(node.id, counts)
            self._nodes.append(replace(node, id=ids[place], order=order_of_all))

    def _opaque(self) -> list[int]:
        busy = {*self._call_of.values(), *self._traced.busy}
        leaves = self._scopes.leaves()
        return [
            at
            for at in self._called
            if at in leaves and at not in busy and made_nothing(self._joined.calls[at])
        ]

    def _operation(self, place: int) -> Node:
        steps, call = self._joined.steps, self._call_of[place]
        is_told = self._heard and not steps[place].op.startswith("Compiled")
        path = self._scopes.path_of(call) if is_told else guessed_path(steps, steps[place])
        node = operation_node(steps[place], path, self._scopes.id_of(call))
        return replace(
            node,
            source=self._traced.sources.get(place, ""),
            attributes=self._traced.arguments.get(place, ()),
            flops=self._flops.get(place, 0),
        )

    def _traced_node(self, at: int) -> Node:
        op = self._joined.ops[at]
        count = flops_of(op.name, op.input_shapes, op.shapes[0]) if op.shapes else 0
        return replace(self._traced.node(at), flops=count or 0)

    def _module(self, at: int) -> Node:
        call = self._joined.calls[at]
        op = (self._inventory.modules or {}).get(call.path, "")
        return module_node(call, op, self._scopes.id_of(at))

    def _add_leaves(self) -> None:
        counts: Counter[str] = Counter()
        for place, step in enumerate(self._joined.steps):
            if step.leaf:
                self._ids[place] = f"parameter:{step.leaf}"
                self._used.add(step.leaf)
            elif step.leaf is not None:
                self._ids[place] = _numbered("input:leaf", counts)
                self._nodes.append(tensor_node(self._ids[place], step.shapes[0], step.dtypes[0]))
        for number, (shape, dtype) in enumerate(self._joined.inputs):
            self._nodes.append(tensor_node(f"input:{number}", shape, dtype))

    def _add_data_edges(self) -> None:
        steps = self._joined.steps
        for place, step in enumerate(steps):
            for port, source in enumerate(step.inputs):
                if source is not None:
                    made = steps[source[0]]
                    kind = "parameter" if made.leaf else "data"
                    shape = _output(made.shapes, source[1])
                    ends = self._ids[source[0]], self._ids[place]
                    self._edges.append(Edge(*ends, source[1], port, shape, kind))

    def _add_inferred(self) -> None:
        layout = Layout(
            self._joined, self._called, self._call_of, self._ids, self._module_ids, self._scopes
        )
        hidden = hidden_parameters(layout, self._inventory.parameters)
        known = {(edge.src, edge.dst) for edge in self._edges}
        self._edges += [edge for edge in hidden if (edge.src, edge.dst) not in known]
        self._edges += parameters_of_modules(layout, self._inventory.parameters)
        self._edges += ways_between_calls(layout)
        self._used |= {edge.src.partition(":")[2] for edge in hidden}
        self._add_traced()

    def _add_traced(self) -> None:
        held = (*self._inventory.parameters, *self._inventory.buffers)
        shapes = {node.id: node.shapes[0] if node.shapes else () for node in held}
        wiring = Wiring(self._joined, self._traced, self._ids, self._op_ids, self._module_ids)
        found = {(edge.src, edge.dst): edge for edge in wiring.edges(shapes, self._used)}
        known = {(edge.src, edge.dst) for edge in self._edges}
        self._edges += [edge for ends, edge in found.items() if ends not in known]
        self._nodes += wiring.loose_nodes()
        self._loose = wiring.loose

    def _add_losses(self) -> None:
        for number, (place, output) in enumerate(self._joined.roots):
            name, step = f"loss:{number}", self._joined.steps[place]
            shape = _output(step.shapes, output)
            self._nodes.append(Node(name, "loss", "Loss", "loss", shapes=(shape,)))
            self._edges.append(Edge(self._ids[place], name, output, 0, shape))

    def _add_outputs(self) -> None:
        by_number = {self._joined.steps[p].sequence: p for p in self._call_of}
        tops = [at for at in self._called if self._joined.calls[at].parent < 0]
        results = [result for at in tops for result in self._joined.calls[at].results]
        for number, (sequence, output, shape, dtype) in enumerate(results):
            name = f"output:{number}"
            made = self._ids.get(by_number.get(sequence, -1))
            self._nodes.append(tensor_node(name, shape, dtype))
            if made:
                self._edges.append(Edge(made, name, output, 0, shape))

    def _parameters(self) -> Iterable[Node]:
        read = {edge.src for edge in self._edges}
        for node in self._inventory.parameters:
            if node.name in self._used:
                yield replace(node, state="")  # also if it is frozen by now
            elif node.state:
                yield node
            else:
                yield replace(node, state="no_grad" if node.id in read else "unused")


def _numbered(name: str, counts: Counter[str]) -> str:
    number, counts[name] = counts[name], counts[name] + 1
    return f"{name}.{number}" if number else name


def _output(shapes: Sequence[Shape], output: int) -> Shape:
    return shapes[output] if output < len(shapes) else ()
