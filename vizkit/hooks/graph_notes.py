"""What a captured graph does not show, in words."""

from __future__ import annotations

from collections.abc import Sequence

from vizkit.kinds.graph.graph import Node, Scope

NOT_HEARD = "module calls were not recorded at this step: paths are guessed from parameters"
COMPILED = "compiled by torch.compile: what runs inside is one node"
CHECKPOINTED = "checkpointed (reentrant): what is inside runs again in backward and is not seen"
NO_GRAD = "calls without gradients are shown as one node each; functions between them are not seen"
ON_OTHER_THREADS = "modules that were called on other threads were not seen"


def notes_of(
    nodes: Sequence[Node], calls: Sequence[Scope], *, heard: bool, partial: bool = False
) -> tuple[str, ...]:
    """Return a sentence for each part that could not be seen; `partial`: calls elsewhere."""
    ops = {node.op for node in nodes}
    found = {
        NOT_HEARD: not heard,
        COMPILED: any(op.startswith("Compiled") for op in ops),
        CHECKPOINTED: "CheckpointFunction" in ops,
        NO_GRAD: any(node.kind == "module" for node in nodes),
        ON_OTHER_THREADS: partial,
    }
    return tuple(sentence for sentence, holds in found.items() if holds)
