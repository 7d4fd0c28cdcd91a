from vizkit.hooks.graph_notes import (
    CHECKPOINTED,
    COMPILED,
    DATA_PARALLEL,
    NO_GRAD,
    NOT_HEARD,
    NOT_TRACED,
    ON_OTHER_THREADS,
    OPAQUE,
    SHARDED,
    TRANSFORMED,
    Surroundings,
    notes_of,
)
from vizkit.kinds.graph.graph import Node

SEEN = Surroundings(heard=True, traced=True)


def node(op, kind="op", **more):
    return Node(op, kind, op, op, **more)


def test_nothing_is_said_where_all_was_seen():
    assert notes_of([node("Addmm", flops=2), node("w", "parameter")], SEEN) == ()


def test_each_gap_has_its_sentence():
    nodes = [node("CompiledFunction", flops=1), node("CheckpointFunction", flops=1)]

    found = notes_of(nodes, Surroundings(heard=False, partial=True, transformed=True))

    assert found == (NOT_HEARD, COMPILED, CHECKPOINTED, ON_OTHER_THREADS, TRANSFORMED)


def test_without_operations_that_is_said_but_not_where_they_cannot_be():
    heard = Surroundings(heard=True)

    assert notes_of([], heard) == (NOT_TRACED,)
    assert NOT_TRACED not in notes_of([node("CompiledFunction")], heard)


def test_calls_that_are_one_node_were_not_or_could_not_be_listened_to():
    scripted = [node("Scripted", "module")]

    assert NO_GRAD in notes_of(scripted, Surroundings(heard=True))
    assert OPAQUE in notes_of(scripted, SEEN)


def test_wrappers_say_that_there_are_more_processes():
    parallel = Surroundings(heard=True, traced=True, wrappers=["DistributedDataParallel"])
    sharded = Surroundings(heard=True, traced=True, wrappers=["FSDPLinear"])

    assert notes_of([], parallel) == (DATA_PARALLEL,)
    assert notes_of([], sharded) == (SHARDED,)


def test_frozen_parameters_and_unknown_flops_are_counted():
    nodes = [node("w", "parameter", state="frozen"), node("b", "parameter")]
    functions = [node(f"Mine{number}", "function") for number in range(6)]

    assert notes_of([*nodes, *functions], SEEN) == (
        "1 of 2 parameters are frozen: no gradient goes to them",
        "FLOPs of Mine0, Mine1, Mine2, Mine3 and 2 more are not known and count as 0",
    )
