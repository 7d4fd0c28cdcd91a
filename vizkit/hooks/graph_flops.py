"""How many floating point operations a forward pass takes, as torch.utils.flop_counter counts them.

Products of matrices, convolutions and attention; a multiplication and an addition are two. All else
is 0: so little, or unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod

from torch.utils.flop_counter import conv_flop_count, sdpa_flop_count

from vizkit.hooks.graph_join import Joined
from vizkit.hooks.graph_traced import Traced
from vizkit.kinds.graph.graph import Node, Shape

Inputs = Sequence[Shape | None]
"""Shapes of what an operation reads; None where nobody knows."""

DEAR = ("rnn", "lstm", "gru", "einsum", "multi_head", "trilinear", "cdist", "fft", "linalg", "flex")
"""Parts of names of operations that take many, not counted here."""


def flops_of(op: str, inputs: Inputs, output: Shape) -> int | None:
    """Return how many an operation took, None where that cannot be told.

    `op`: autograd's name ("Addmm") or the function's ("linear"); `inputs` in its order.
    """
    name = op.lower()
    if any(size < 0 for shape in (output, *inputs) for size in shape or ()):
        return None  # a nested tensor
    if name in PRODUCTS:
        return PRODUCTS[name](inputs, output)
    if "convolution" in name or name.startswith("conv"):
        return _convolution(inputs, output, is_transposed="transpose" in name)
    if name.replace("_", "").startswith("scaleddotproduct"):
        return _attention(inputs)
    return 0


def flops_of_steps(joined: Joined, traced: Traced) -> dict[int, int]:
    """Return how many each autograd node took, by place; those that took none are left out."""
    steps, ops = joined.steps, joined.ops
    found: dict[int, int] = {}
    for place, step in enumerate(steps):
        read = [source and _at(steps[source[0]].shapes, source[1]) for source in step.inputs]
        count = flops_of(step.op, read, step.shapes[0]) if step.shapes else 0
        if count and step.leaf is None:
            found[place] = count
    for at, place in traced.makers().items():
        # What it reads without a gradient is known only if operations were listened to.
        if not any(part in found for part in traced.parts(at)) and ops[at].shapes:
            count = flops_of(ops[at].name, ops[at].input_shapes, ops[at].shapes[0])
            if count:
                found[place] = count
    return found


def uncounted(nodes: Iterable[Node]) -> list[str]:
    """Return the operations that take many, nobody knows how many."""
    unknown = {
        node.op
        for node in nodes
        if node.kind in ("function", "module")
        or (node.kind == "op" and not node.flops and _is_dear(node.op))
    }
    return sorted(unknown)


def _is_dear(op: str) -> bool:
    name = op.lower()
    is_known = name in PRODUCTS or "conv" in name or "scaled" in name
    return is_known or name.startswith("compiled") or any(part in name for part in DEAR)


def _product(place: int) -> Callable[[Inputs, Shape], int | None]:
    """Return the formula of products whose first factor is the input at `place`."""

    def count(inputs: Inputs, output: Shape) -> int | None:
        left, right = _at(inputs, place), _at(inputs, place + 1)
        if left:
            return 2 * prod(output) * left[-1]
        if right:
            return 2 * prod(output) * right[-2 if len(right) > 1 else 0]
        return None

    return count


def _linear(inputs: Inputs, output: Shape) -> int | None:
    known = _at(inputs, 0) or _at(inputs, 1)
    return 2 * prod(output) * known[-1] if known else None


PRODUCTS: dict[str, Callable[[Inputs, Shape], int | None]] = {
    "mm": _product(0),
    "bmm": _product(0),
    "mv": _product(0),
    "dot": _product(0),
    "matmul": _product(0),
    "rmatmul": lambda inputs, output: _product(0)(inputs[1::-1], output),
    "addmm": _product(1),
    "addmm_": _product(1),
    "baddbmm": _product(1),
    "addmv": _product(1),
    "linear": _linear,
}


def _convolution(inputs: Inputs, output: Shape, *, is_transposed: bool) -> int | None:
    x, weight = _at(inputs, 0), _at(inputs, 1)
    if not weight or len(output) < len(weight) - 1:
        return None
    if len(output) < len(weight):
        x, output = x and (1, *x), (1, *output)
    # Autograd has one name for both; only a transposed one has its results' channels second.
    if not is_transposed and weight[0] == output[1]:
        return int(conv_flop_count([*output], [*weight], [*output]))
    return int(conv_flop_count([*x], [*weight], [*output], transposed=True)) if x else None


def _attention(inputs: Inputs) -> int | None:
    query, key, value = (_at(inputs, place) for place in range(3))
    if not (query and key and value):
        return None
    try:
        return int(sdpa_flop_count(query, key, value))
    except (AssertionError, ValueError):  # grouped queries, or fewer dimensions
        return None


def _at(shapes: Sequence[Shape | None], place: int) -> Shape | None:
    return shapes[place] if place < len(shapes) else None
