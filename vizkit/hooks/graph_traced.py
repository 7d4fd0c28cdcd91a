"""What operations that were listened to add to a graph: lines of code, and what has no gradient."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from vizkit.hooks.graph_inferred import TURNS_WEIGHTS
from vizkit.hooks.graph_join import Joined
from vizkit.hooks.graph_nodes import tensor_node
from vizkit.hooks.graph_ops import Op, Origin
from vizkit.hooks.graph_scopes import Scopes
from vizkit.kinds.graph.graph import Edge, Node, Shape


class Traced:
    """Operations beside the autograd nodes of the same step.

    `call_of`: the call of each autograd node that is no leaf; `called`: the calls that show.
    """

    def __init__(
        self,
        joined: Joined,
        scopes: Scopes,
        call_of: Mapping[int, int],
        called: Sequence[int],
    ) -> None:
        self._joined = joined
        self._scopes = scopes
        steps = joined.steps
        self._places = sorted(call_of, key=lambda place: steps[place].sequence)
        self._numbers = [steps[place].sequence for place in self._places]
        self.shown = [at for at, op in enumerate(joined.ops) if self._shows(op, set(called))]
        """Operations that are a node of their own: those without a node of autograd's."""

    @cached_property
    def busy(self) -> set[int]:
        """Return the calls that these ran in."""
        return {self._joined.ops[at].call for at in self.shown}

    @cached_property
    def sources(self) -> dict[int, str]:
        """Return the line of code of each autograd node that is known."""
        found: dict[int, str] = {}
        for op in self._joined.ops:
            # A custom Function takes its number just before what is in it runs.
            first = op.start - 1 if op.hidden else op.start
            for place in self._between(first, max(op.stop, first + op.hidden)):
                if not op.hidden or self._joined.steps[place].custom:
                    found.setdefault(place, op.source)
        return found

    @cached_property
    def arguments(self) -> dict[int, tuple[tuple[str, str], ...]]:
        """Return what was passed to autograd nodes that are an operation's only one."""
        ops = self._joined.ops
        by_place = [(self._between(op.start, op.stop), op) for op in ops if op.grad]
        return {places[0]: op.arguments for places, op in by_place if len(places) == 1}

    def order(self, at: int) -> tuple[int, int, int, int]:
        """Return when an operation ran, to be compared with those of calls and nodes."""
        op = self._joined.ops[at]
        return op.start, 0, op.after - 1, 1 + at

    def node(self, at: int) -> Node:
        """Return an operation as a node."""
        op = self._joined.ops[at]
        scope = self._scopes.id_of(op.call)
        return Node(
            id=f"{scope}:{op.name}",
            kind="op",
            op=op.name,
            name=op.name,
            path=self._scopes.path_of(op.call),
            scope=scope,
            shapes=op.shapes,
            dtypes=op.dtypes,
            state="no_grad",
            source=op.source,
            attributes=op.arguments,
        )

    def makers(self) -> dict[int, int]:
        """Return the autograd node that made the result of each operation that has one."""
        ops = enumerate(self._joined.ops)
        places = {at: self.made(at) for at, op in ops if op.grad and not op.hidden}
        return {at: place for at, place in places.items() if place >= 0}

    def made(self, at: int) -> int:
        """Return the autograd node that made an operation's result, -1 if there is none."""
        op = self._joined.ops[at]
        places = self._between(op.start - 1, op.start) if op.hidden else self._of(op)
        return places[-1] if places else -1

    def entry(self, at: int) -> int:
        """Return the autograd node where constants enter an operation, -1 if there is none."""
        steps = self._joined.steps
        places = [p for p in self._of(self._joined.ops[at]) if steps[p].op not in TURNS_WEIGHTS]
        readers = [place for place in places if None in steps[place].inputs]
        return next(iter([*readers, *reversed(places)]), -1)

    def numbered(self, number: int) -> int:
        """Return the autograd node with a number, -1 if there is none."""
        places = self._between(number, number + 1)
        return places[0] if places else -1

    def _shows(self, op: Op, called: set[int]) -> bool:
        if op.hidden or op.transformed or (op.call >= 0 and op.call not in called):
            return False
        if _counts(op):
            return False
        # Without a node of autograd's it leads to no loss, unless it is of another pass.
        return not op.grad or (not self._of(op) and (op.call >= 0 or not self._numbers))

    def parts(self, at: int) -> list[int]:
        """Return the autograd nodes that an operation consists of."""
        return self._of(self._joined.ops[at])

    def _of(self, op: Op) -> list[int]:
        return self._between(op.start, op.stop)

    def _between(self, start: int, stop: int) -> list[int]:
        numbers = self._numbers
        return self._places[bisect_left(numbers, start) : bisect_right(numbers, stop - 1)]


def _counts(op: Op) -> bool:
    """Tell whether an operation only counts in a buffer, as batch normalization counts batches."""
    buffers = all(kind == "id" and place.startswith("buffer:") for kind, place, _ in op.inputs)
    return op.name == "add_" and buffers and op.shapes == ((),)


class Wiring:
    """Edges of operations: what autograd does not know of where their tensors came from.

    `step_ids`, `op_ids`, `module_ids`: the ids of autograd's nodes, of operations that are a node,
    and of calls that are one; by place.
    """

    def __init__(
        self,
        joined: Joined,
        traced: Traced,
        step_ids: Mapping[int, str],
        op_ids: Mapping[int, str],
        module_ids: Mapping[int, str],
    ) -> None:
        self._joined = joined
        self._traced = traced
        self._step_ids = step_ids
        self._op_ids = op_ids
        self._module_ids = module_ids
        self.loose: dict[int, str] = {}
        """Ids of the tensors from elsewhere that something reads."""

    def edges(self, parameters: Mapping[str, Shape], used: set[str]) -> Iterable[Edge]:
        """Yield the edges; `parameters`: shapes by id, `used`: those that autograd knows."""
        for at, op in enumerate(self._joined.ops):
            target = self._op_ids.get(at) or self._step_ids.get(self._traced.entry(at), "")
            for origin in dict.fromkeys(op.inputs) if target and not op.hidden else ():
                if at not in self._op_ids and self._is_known(origin, used):
                    continue
                source, shape = self._source(origin, parameters)
                if source and source != target:
                    kind = "parameter" if origin[0] == "id" else "inferred"
                    yield Edge(source, target, origin[2], 0, shape, kind)

    def _is_known(self, origin: Origin, used: set[str]) -> bool:
        """Tell whether autograd's own edges show where a tensor came from."""
        kind, place, _ = origin
        if kind == "op":
            return place not in self._op_ids
        return kind == "number" or (kind == "id" and place.partition(":")[2] in used)

    def _source(self, origin: Origin, parameters: Mapping[str, Shape]) -> tuple[str, Shape]:
        kind, place, output = origin
        if kind == "op":
            shapes = self._joined.ops[place].shapes
            shape = shapes[output] if output < len(shapes) else ()
            return self._op_ids.get(place) or self._step(self._traced.made(place)), shape
        if kind == "input":
            return f"input:{place}", self._joined.inputs[place][0]
        if kind == "id":
            return (place, parameters[place]) if place in parameters else ("", ())
        if kind == "loose":
            return self._name(place), self._joined.loose[place].shape
        if kind == "call":
            return self._of_call(place)
        return self._step(self._traced.numbered(place)), ()

    def _of_call(self, at: int) -> tuple[str, Shape]:
        results = self._joined.calls[at].results
        numbers = [number for number, *_ in results if number >= 0]
        made = self._step(self._traced.numbered(numbers[0])) if numbers else ""
        return self._module_ids.get(at) or made, results[0][2] if results else ()

    def _step(self, place: int) -> str:
        return self._step_ids.get(place, "")

    def _name(self, place: int) -> str:
        kind = "input:given" if self._joined.loose[place].given else "constant:"
        return self.loose.setdefault(place, f"{kind}{len(self.loose)}")

    def loose_nodes(self) -> Iterable[Node]:
        """Yield the tensors from elsewhere that were read, once `edges` were."""
        for place, name in self.loose.items():
            yield tensor_node(
                name, self._joined.loose[place].shape, self._joined.loose[place].dtype
            )
