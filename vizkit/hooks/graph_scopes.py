"""From module calls to the scopes of a graph, and which of them each autograd node ran in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from vizkit.hooks.graph_calls import Call
from vizkit.kinds.graph.graph import Scope


class Scopes:
    """Calls in the order in which they began; each knows the innermost call of a node's number."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self.calls = calls
        self._starts = [call.start for call in calls]
        self._ids = _ids(calls)

    def place(self, sequence: int) -> int:
        """Return the innermost call that a node ran in, -1 if none."""
        place = bisect_right(self._starts, sequence) - 1
        while place >= 0 and not self.calls[place].start <= sequence < self.calls[place].stop:
            place = self.calls[place].parent
        return place

    def id_of(self, place: int) -> str:
        """Return a call's id, "" for -1."""
        return self._ids[place] if place >= 0 else ""

    def path_of(self, place: int) -> str:
        """Return a call's module path, "" for -1."""
        return self.calls[place].path if place >= 0 else ""

    def used(self, places: set[int]) -> list[int]:
        """Return the calls of those forward passes that lead to a loss: with a node among them.

        Without any node, of all of them.
        """
        if not places:
            return list(range(len(self.calls)))
        tops = [self._top(place) for place in range(len(self.calls))]
        wanted = {tops[place] for place in places if place >= 0}
        return [place for place in range(len(self.calls)) if tops[place] in wanted]

    def leaves(self) -> set[int]:
        """Return the calls that called no other module."""
        return set(range(len(self.calls))) - {call.parent for call in self.calls}

    def scope(self, place: int, classes: Mapping[str, str], number: int) -> Scope:
        """Return a call as a scope of the graph."""
        call = self.calls[place]
        return Scope(
            id=self._ids[place],
            path=call.path,
            op=classes.get(call.path, ""),
            parent=self.id_of(call.parent),
            call=number,
            state="" if call.grad else "no_grad",
            input_shapes=call.input_shapes,
            output_shapes=tuple(shape for _, _, shape, _ in call.results),
        )

    def number(self, place: int) -> int:
        """Return the how-manieth call of its module in its parent's call this is."""
        _, _, number = self._ids[place].rpartition("/")[2].partition("#")
        return int(number or 0)

    def _top(self, place: int) -> int:
        while self.calls[place].parent >= 0:
            place = self.calls[place].parent
        return place


def uncalled(classes: Mapping[str, str], called: set[str]) -> list[Scope]:
    """Return scopes of the modules that were never called: containers, and what is unused."""
    return [
        Scope(id=f"uncalled:{path}", path=path, op=op, call=-1, state="uncalled")
        for path, op in classes.items()
        if path not in called
    ]


def _ids(calls: Sequence[Call]) -> list[str]:
    """Name calls by their parent's id and the module's name in it: /layers.3/attention#1."""
    ids: list[str] = []
    counts: Counter[str] = Counter()
    for call in calls:
        parent = calls[call.parent] if call.parent >= 0 else None
        holder = ids[call.parent].rstrip("/") if parent is not None else ""
        inside = parent.path + "." if parent is not None and parent.path else ""
        name = f"{holder}/{call.path.removeprefix(inside)}"
        ids.append(f"{name}#{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return ids
