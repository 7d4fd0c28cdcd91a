"""What a backward pass looks like at little cost, and which kind it was the last time."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from vizkit.hooks.graph_history import PassClass

MOST = 4096
PROBES = 64
"""Parameters that are asked, evenly spread, whether they have a gradient."""

Look = tuple[Any, ...]


class Looks:
    """Remembers looks: how many nodes were made, from which root, which parameters have a gradient.

    Two kinds may have one look (equal branches, where gradients are zeroed in place): such a look
    is `ambiguous` and says nothing any more.
    """

    def __init__(self) -> None:
        self._kinds: dict[Look, PassClass] = {}
        self._ambiguous: set[Look] = set()
        self._probes: list[weakref.ref[Tensor]] = []

    def choose(self, parameters: Sequence[Tensor]) -> None:
        """Ask these parameters from now on."""
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        stride = max(1, -(-len(trained) // PROBES))
        self._probes = [weakref.ref(parameter) for parameter in trained[::stride]]

    def look(self, roots: Sequence[Any], made: int, sketch: Any) -> Look:
        """Return the look of the pass that just ran from `roots`; `sketch`: of its calls."""
        kind = type(getattr(roots[0], "grad_fn", None)) if roots else None
        return made, kind, len(roots), sketch, self._given()

    def known(self, look: Look) -> PassClass | None:
        """Return what a pass with this look was, None if nobody knows."""
        return None if look in self._ambiguous else self._kinds.get(look)

    def remember(self, look: Look, kind: PassClass) -> None:
        """Note what a pass with this look was."""
        if len(self._kinds) >= MOST:
            self._kinds.clear()
            self._ambiguous.clear()
        if self._kinds.setdefault(look, kind) is not kind:
            self._ambiguous.add(look)

    def _given(self) -> int:
        """Return a number with a bit for each probed parameter that has a gradient."""
        given = 0
        for probe in self._probes:
            parameter = probe()
            given = given << 1 | (parameter is not None and parameter.grad is not None)
        return given
