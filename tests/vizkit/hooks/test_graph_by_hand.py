import torch

from vizkit.hooks.graph_by_hand import survey_of, words_of
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_trace import signature_of
from vizkit.hooks.guard import Guard


def heard(turns, size=2):
    w = torch.ones(size, size)
    operations = Operations(None, lambda: {id(w): "parameter:w"})
    with FunctionMode(operations, Guard()):
        x = w
        for _ in range(turns):
            x = x.mm(w).sin()
    return operations.rows, operations.loose


def test_loops_of_any_length_have_the_same_pairs_and_another_topology():
    two, three = survey_of(*heard(2)), survey_of(*heard(3))

    assert two.pairs == three.pairs
    assert two.pairs == {("mm", "id"), ("mm", "sin"), ("sin", "mm"), "parameter:w"}
    assert two.topology != three.topology
    assert (two.nodes, three.nodes) == (4, 6)
    assert signature_of(two.pairs) == signature_of(three.pairs)


def test_words_tell_shapes_only_if_asked():
    small, large = heard(2)[0], heard(2, size=3)[0]

    assert words_of(small, shapes=False) == words_of(large, shapes=False)
    assert words_of(small, shapes=True) != words_of(large, shapes=True)
