"""What a captured graph does not show, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vizkit.hooks.graph_flops import uncounted
from vizkit.hooks.graph_inventory import SHARDED as SHARDED_NAMES
from vizkit.kinds.graph.graph import Node

NOT_HEARD = "module calls were not recorded at this step: paths are guessed from parameters"
NOT_TRACED = (
    "operations without a gradient and lines of code were not recorded; watch(trace_every=...) and "
    "watch.trace() do that"
)
COMPILED = "compiled by torch.compile: what runs inside is one node"
CHECKPOINTED = "checkpointed (reentrant): what is inside runs again in backward and is not seen"
NO_GRAD = "calls without gradients are shown as one node each; functions between them are not seen"
OPAQUE = "calls that are one node each run without gradients, by code that cannot be listened to"
ON_OTHER_THREADS = "modules that were called on other threads were not seen"
TRANSFORMED = "torch.func transforms ran: what is inside is seen as far as autograd records it"
DATA_PARALLEL = "trained by DistributedDataParallel: this is the graph of one process, its rank 0"
SHARDED = (
    "parameters are sharded (FSDP): operations read gathered copies, which have no name here, and "
    "the graph is that of one process"
)

FEW = 4
"""Names that are listed before "and N more"."""

DATA_PARALLELS = ("DistributedDataParallel", "DataParallel")


@dataclass(frozen=True)
class Surroundings:
    """What is known of a graph besides its nodes.

    `heard`: module calls were; `traced`: operations were; `partial`: other threads called modules;
    `transformed`: some operations ran under `torch.func`.
    """

    heard: bool
    traced: bool = False
    partial: bool = False
    transformed: bool = False
    wrappers: Sequence[str] = ()


def notes_of(nodes: Sequence[Node], around: Surroundings) -> tuple[str, ...]:
    """Return a sentence for each part that could not be seen."""
    ops = {node.op for node in nodes}
    opaque = any(node.kind == "module" for node in nodes)
    compiled = any(op.startswith("Compiled") for op in ops)
    found: Mapping[str, bool] = {
        NOT_HEARD: not around.heard,
        NOT_TRACED: around.heard and not around.traced and not compiled,
        COMPILED: compiled,
        CHECKPOINTED: "CheckpointFunction" in ops,
        NO_GRAD: opaque and not around.traced,
        OPAQUE: opaque and around.traced,
        ON_OTHER_THREADS: around.partial,
        TRANSFORMED: around.transformed,
        DATA_PARALLEL: any(name in DATA_PARALLELS for name in around.wrappers),
        SHARDED: any(name.startswith(SHARDED_NAMES) for name in around.wrappers),
    }
    said = [sentence for sentence, holds in found.items() if holds]
    return tuple([*said, *_frozen(nodes), *_uncounted(nodes)])


def _frozen(nodes: Sequence[Node]) -> list[str]:
    states = [node.state for node in nodes if node.kind == "parameter"]
    count = states.count("frozen")
    return [f"{count} of {len(states)} parameters are frozen: no gradient goes to them"] * (
        count > 0
    )


def _uncounted(nodes: Sequence[Node]) -> list[str]:
    names = uncounted(nodes)
    if not names:
        return []
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return [f"FLOPs of {', '.join(names[:FEW])}{more} are not known and count as 0"]
