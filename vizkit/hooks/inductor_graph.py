"""A compiled model: the graph before fusion, and the same operations grouped by their kernels."""

from __future__ import annotations

import copy
import inspect
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from vizkit.hooks.forward_graph import untouched
from vizkit.hooks.fx_graph import FxReading
from vizkit.hooks.inductor_compat import breaks_in, inductor_of, listening, mappings_in
from vizkit.hooks.shapes import tensors_in
from vizkit.hooks.subject import clean_name, unwrapped
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.kernels import kernel_id, kernel_title
from vizkit.kinds.graph.signatures import signed

WITHOUT_GRADIENTS = "compiled without gradients: kernels of a training keep more for backward"
SILENT = "this torch does not tell which kernel runs which operation"
_ARGUMENT = re.compile(r"^[Ll]_(.+?)_*$")

_FEW = 20

Ids = dict[tuple[str, str], str]


@dataclass
class _Part:
    """One of the graphs that a model was cut into; its kernels by name, as nodes of this graph."""

    name: str
    module: fx.GraphModule
    kernels: dict[str, Counter[str]]


@dataclass(frozen=True)
class _Run:
    """One call of a part. The tensors are kept so that no two have one id while this is read."""

    part: _Part
    given: tuple[Any, ...]
    made: tuple[Tensor, ...]


def fusion(
    model: nn.Module, inputs: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[Graph, Graph]:
    """Return a model's graph before and after fusion; nothing of the model is changed.

    Raises:
        Exception: what the model or its compiler raises.
    """
    inner = unwrapped(model)
    compiler = inductor_of(model)
    capture = _Capture(compiler if callable(compiler) else None, type(inner).__name__)
    with listening() as capture.records, warnings.catch_warnings(), untouched(inner):
        warnings.simplefilter("ignore")
        with torch.no_grad():
            torch.compile(inner, backend=capture.compile)(*inputs, **keywords)
    before, ids = _before(inner, capture, _arguments(inner, inputs, keywords))
    if isinstance(compiler, str):
        note = f"the backend {compiler} makes no kernels: nothing was fused"
        return before, replace(before, notes=(*before.notes, note))
    return before, _after(before, ids, [run.part for run in capture.runs])


class _Capture:
    """A backend that keeps the graphs it is given, and compiles them as another one does."""

    def __init__(self, compiler: Callable[..., Any] | None, title: str) -> None:
        self.records: list[Any] = []
        self.runs: list[_Run] = []
        self._compiler = compiler
        self._title = title
        self._parts = 0

    def compile(self, module: fx.GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        # The compiler works on the graph that it is given.
        twin = fx.GraphModule(module, copy.deepcopy(module.graph), self._title)
        part = _Part(f"part {self._parts}" if self._parts else "", twin, {})
        self._parts += 1
        start = len(self.records)
        run = module.forward if self._compiler is None else self._compiler(module, inputs)
        part.kernels = _kernels(self.records[start:])

        def called(*given: Any) -> Any:
            made = run(*given)
            self.runs.append(_Run(part, given, tuple(tensors_in(made))))
            return made

        return called


def _kernels(records: list[Any]) -> dict[str, Counter[str]]:
    """Return how much of each operation each kernel runs, in the order in which they run."""
    kernels, origins = mappings_in(records)
    found = {}
    for name in sorted(kernels, key=_number):
        found[name] = Counter(pre for post in kernels[name] for pre in origins.get(post, ()))
    return found


def _before(model: nn.Module, capture: _Capture, called: Mapping[int, str]) -> tuple[Graph, Ids]:
    names = _names(model)
    made: dict[int, str] = {}
    reading = FxReading("fx", fx.GraphModule(model, fx.Graph(), type(model).__name__), {})
    last = None
    for run in capture.runs:
        inputs = [n for n in run.part.module.graph.nodes if n.op == "placeholder"]
        pairs = list(zip(inputs, run.given, strict=False))
        stored = {n.name: names[id(value)] for n, value in pairs if id(value) in names}
        reading.titles.update((n.name, called[id(v)]) for n, v in pairs if id(v) in called)
        reading.next_part(run.part.name, run.part.module, stored)
        for node, value in pairs:
            if id(value) in made:
                reading.building.alias(reading.local(node.name), made[id(value)])
            elif node.name not in reading.titles and (match := _ARGUMENT.match(node.name)):
                reading.titles[node.name] = match.group(1)
        reading.nodes(run.part.module.graph)
        last = run
        for node, value in zip(_results(run.part.module), run.made, strict=False):
            made[id(value)] = reading.local(node.name)
    if last is not None:
        for place, node in enumerate(_results(last.part.module)):
            reading.result(place, node.name)
    reading.building.notes += [WITHOUT_GRADIENTS, *breaks_in(capture.records)]
    return reading.building.graph(prune=True), reading.ids


def _after(before: Graph, ids: Ids, parts: Sequence[_Part]) -> Graph:
    """Return the graph with a scope for each kernel, around the operations that it runs."""
    chosen = _chosen(ids, parts)
    if not any(part.kernels for part in parts):
        return signed(replace(before, source="inductor", notes=(*before.notes, SILENT)))
    by_id = {node.id: node for node in before.nodes}
    held: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for node, kernel in chosen.items():
        held[kernel].append(node)
    places = {kernel: place for place, kernel in enumerate(held, 1)}
    roots = [scope for scope in before.scopes if scope.id == "/"]
    scopes = [
        Scope(
            id=kernel_id(places[kernel]),
            path=kernel_title(places[kernel], [by_id[name].op for name in nodes]),
            op=kernel[1].partition(":")[0],
            parent="/" if roots else "",
        )
        for kernel, nodes in held.items()
    ]
    nodes = [
        _in_kernel(node, chosen.get(node.id), places)
        for node in before.nodes
        if node.order < 0 or node.id in chosen
    ]
    gone = {node.id for node in before.nodes} - {node.id for node in nodes}
    edges = _bypassed(before.edges, gone)
    views = [f"{n.op} of {n.path}" if n.path else n.op for n in before.nodes if n.id in gone]
    moving = sum(len(part.kernels) for part in parts) - len(places)
    note = f"{moving} more kernels only prepare data or share the work of others"
    notes = (*before.notes, note) if moving > 0 else before.notes
    if views:
        notes = (*notes, f"views, or optimised away, so in no kernel: {', '.join(views[:_FEW])}")
    whole = Graph(tuple(nodes), edges, (*roots, *scopes), "inductor", notes=notes)
    return signed(whole)


def _chosen(ids: Ids, parts: Sequence[_Part]) -> dict[str, tuple[str, str]]:
    """Return the kernel that does most of each operation; a library's kernel before our own."""
    found: dict[str, tuple[str, str]] = {}
    for part in parts:
        for (name, operation), node in ids.items():
            if name != part.name:
                continue
            shares = [
                (share[operation], kernel.startswith("extern"), -place, kernel)
                for place, (kernel, share) in enumerate(part.kernels.items())
                if share[operation]
            ]
            if shares:
                found[node] = part.name, max(shares)[3]
    order = [(part.name, kernel) for part in parts for kernel in part.kernels]
    return dict(sorted(found.items(), key=lambda item: order.index(item[1])))


def _in_kernel(
    node: Node, kernel: tuple[str, str] | None, places: Mapping[tuple[str, str], int]
) -> Node:
    if kernel is None:
        return node
    told = (*node.attributes, ("kernel", kernel[1].partition(":")[0]))
    return replace(node, scope=kernel_id(places[kernel]), attributes=told)


def _bypassed(edges: Sequence[Edge], gone: set[str]) -> tuple[Edge, ...]:
    """Return the edges without some nodes: who read from one reads what that one read first."""
    first: dict[str, Edge] = {}
    for edge in edges:
        if edge.dst in gone and edge.kind == "data":
            first.setdefault(edge.dst, edge)
    kept = []
    for edge in edges:
        while edge.src in first:
            before = first[edge.src]
            edge = replace(edge, src=before.src, output=before.output, shape=before.shape)
        if edge.dst not in gone and edge.src not in gone:
            kept.append(edge)
    return tuple(kept)


def _names(model: nn.Module) -> dict[int, tuple[str, str]]:
    found = {id(t): ("buffer", clean_name(name)) for name, t in model.named_buffers()}
    found.update((id(p), ("parameter", clean_name(name))) for name, p in model.named_parameters())
    return found


def _arguments(
    model: nn.Module, inputs: tuple[Any, ...], keywords: Mapping[str, Any]
) -> dict[int, str]:
    """Return what each tensor that the model is called with is called in its `forward`."""
    try:
        bound = inspect.signature(model.forward).bind(*inputs, **keywords).arguments
    except (TypeError, ValueError):
        return {}
    return {id(value): name for name, value in bound.items() if isinstance(value, Tensor)}


def _results(module: fx.GraphModule) -> list[fx.Node]:
    (end,) = (node for node in module.graph.nodes if node.op == "output")
    found: list[fx.Node] = []
    fx.node.map_arg(end.args, found.append)
    return found


def _number(kernel: str) -> int:
    number = kernel.rpartition(":")[2]
    return int(number) if number.isdigit() else 0
