"""Which module call an operation of a re-run belongs to, with the ids that the graph gives them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import nn

from vizkit.hooks.eager_modules import eager_modules
from vizkit.hooks.graph_trace import plain_name
from vizkit.hooks.graph_walk import sequence_number


@dataclass
class Place:
    """A module call; nodes numbered `start` to before `stop` ran in it or inside it."""

    path: str
    id: str
    parent: int
    start: int
    stop: int = 1 << 62


class Places:
    """The module calls of one forward pass, in order."""

    def __init__(self) -> None:
        self.calls: list[Place] = []
        self._stack: list[int] = []
        self._counts: Counter[str] = Counter()

    @property
    def path(self) -> str:
        """Return the module that runs now, "" for the outermost or none."""
        return self.calls[self._stack[-1]].path if self._stack else ""

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Follow the calls of a model's modules while inside."""
        handles = []
        try:
            for path, module in eager_modules(model):
                handles += self._hooks(path, module)
            yield
        finally:
            for handle in handles:
                handle.remove()
            self._stack.clear()

    def of(self, sequence: int) -> Place | None:
        """Return the innermost call that an autograd node ran in."""
        place = bisect_right([call.start for call in self.calls], sequence) - 1
        while place >= 0 and sequence >= self.calls[place].stop:
            place = self.calls[place].parent
        return self.calls[place] if place >= 0 else None

    def node_id(self, wanted: int, nodes: list[Any]) -> str:
        """Return the graph's id of the node numbered `wanted` among all nodes that ran."""
        counts: Counter[str] = Counter()
        for node in sorted(nodes, key=lambda node: node._sequence_nr()):
            place = self.of(node._sequence_nr())
            name = f"{place.id if place else ''}:{plain_name(node.name())}"
            if node._sequence_nr() == wanted:
                return f"{name}.{counts[name]}" if counts[name] else name
            counts[name] += 1
        return ""

    def _hooks(self, path: str, module: nn.Module) -> list[Any]:
        def before(module: nn.Module, inputs: Any) -> None:
            self._enter(path)

        def after(module: nn.Module, inputs: Any, output: Any) -> None:
            self._leave()

        return [
            module.register_forward_pre_hook(before, prepend=True),
            module.register_forward_hook(after, always_call=True),
        ]

    def _enter(self, path: str) -> None:
        parent = self._stack[-1] if self._stack else -1
        above = self.calls[parent] if self._stack else None
        inside = f"{above.path}." if above and above.path else ""
        name = f"{above.id.rstrip('/') if above else ''}/{path.removeprefix(inside)}"
        number, self._counts[name] = self._counts[name], self._counts[name] + 1
        self._stack.append(len(self.calls))
        own = f"{name}#{number}" if number else name
        self.calls.append(Place(path, own, parent, sequence_number()))

    def _leave(self) -> None:
        if self._stack:
            self.calls[self._stack.pop()].stop = sequence_number()
