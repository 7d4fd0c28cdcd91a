from dataclasses import replace

import torch
from torch import nn

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_inventory import Inventory
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_names import look_of, names_of
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_trace import trace
from vizkit.hooks.guard import Guard

LAYER = nn.Linear(2, 2)


def a_pass(turns):
    operations = Operations(None, dict)
    with FunctionMode(operations, Guard()):
        x = torch.ones(1, 2)
        for _ in range(turns):
            x = LAYER(x)
        loss = x.sum()
    found = trace([loss], {}, 99)
    return Pass(found, 0, (), (), False, operations.rows, operations.loose)


def test_names_are_those_of_the_logged_graph_and_what_it_lacks_has_none():
    born = graph_of([a_pass(2)], Inventory(), "rolled")
    nodes = [replace(n, id="renamed") if n.id == ":Addmm" else n for n in born.nodes]
    edges = [replace(e, src="renamed") if e.src == ":Addmm" else e for e in born.edges]
    logged = replace(born, nodes=tuple(nodes), edges=tuple(edges))

    names = names_of([a_pass(3)], Inventory(), logged)

    found = [names.ids.get(("op", place)) for place in range(5)]
    assert found[:3] == [":ones", "renamed", ":Addmm.1"]
    assert found[3] is None
    assert found[4] == ":Sum"
    assert names.losses == [("loss:0", ":Sum")]


def test_passes_that_ran_the_same_look_the_same():
    assert look_of([a_pass(2)]) == look_of([a_pass(2)])
    assert look_of([a_pass(2)]) != look_of([a_pass(3)])
