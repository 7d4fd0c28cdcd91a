from vizkit.hooks.graph_notes import (
    CHECKPOINTED,
    COMPILED,
    NO_GRAD,
    NOT_HEARD,
    ON_OTHER_THREADS,
    notes_of,
)
from vizkit.kinds.graph.graph import Node


def node(op, kind="op"):
    return Node(op, kind, op, op)


def test_nothing_is_said_where_all_was_seen():
    assert notes_of([node("Addmm")], [], heard=True) == ()


def test_each_gap_has_its_sentence():
    nodes = [node("CompiledFunction"), node("CheckpointFunction"), node("Linear", "module")]

    found = notes_of(nodes, [], heard=False, partial=True)

    assert found == (NOT_HEARD, COMPILED, CHECKPOINTED, NO_GRAD, ON_OTHER_THREADS)
