import pytest
import torch
from torch import nn

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_inventory import inventory_of
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_notes import NOT_HEARD
from vizkit.hooks.graph_trace import trace
from vizkit.hooks.guard import Guard
from vizkit.hooks.roster import Roster
from vizkit.hooks.subject import subject_of


def build(model, *losses_of, heard=True):
    """Return the graph of one forward pass and a backward pass for each loss."""
    subject = subject_of(model)
    names = Roster(subject, []).canonical()
    calls = ModuleCalls(model, Guard())
    calls.arm()
    output = model(torch.ones(3, 4))
    passes = [
        Pass(
            trace([loss_of(output)], names, 999),
            0,
            calls.rows if heard else None,
            calls.inputs if heard else (),
        )
        for loss_of in losses_of
    ]
    calls.remove()
    return graph_of(passes, inventory_of(subject, names), "rolled")


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(4, 2), nn.ReLU())


def test_operations_are_in_their_calls_in_the_order_they_ran(model):
    graph = build(model, torch.mean)

    running = [node for node in graph.nodes if node.order >= 0]
    assert [(node.id, node.path, node.scope) for node in running] == [
        ("/0:T", "0", "/0"),
        ("/0:Addmm", "0", "/0"),
        ("/1:Relu", "1", "/1"),
        (":Mean", "", ""),
    ]
    assert [scope.id for scope in graph.scopes] == ["/", "/0", "/1"]
    assert running[1].shapes == ((3, 2),)
    assert running[1].dtypes == ("float32",)


def test_edges_carry_what_flows(model):
    graph = build(model, torch.mean)

    found = {(edge.src, edge.dst): edge for edge in graph.edges}
    assert found["/0:Addmm", "/1:Relu"].shape == (3, 2)
    assert found["parameter:0.weight", "/0:T"].kind == "parameter"
    assert found["input:0", "/0:Addmm"].kind == "inferred"
    assert found[":Mean", "loss:0"].shape == ()
    assert found["/1:Relu", "output:0"].shape == (3, 2)


def test_several_losses(model):
    graph = build(model, torch.mean, torch.sum)

    assert [node.id for node in graph.nodes if node.kind == "loss"] == ["loss:0", "loss:1"]
    assert [node.id for node in graph.nodes if node.op == "Addmm"] == ["/0:Addmm"]


def test_without_calls_paths_are_guessed_and_said_to_be(model):
    graph = build(model, torch.mean, heard=False)

    assert [(n.id, n.path) for n in graph.nodes if n.order >= 0][:3] == [
        (":T", "0"),
        (":Addmm", "0"),
        (":Relu", ""),
    ]
    assert graph.notes == (NOT_HEARD,)
    assert graph.scopes == ()


def test_unused_parameters_are_there_and_modules_never_called_too():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, x):
            return self.used(x)

    graph = build(Model(), torch.mean)

    states = {node.name: node.state for node in graph.nodes if node.kind == "parameter"}
    assert states == {
        "used.weight": "",
        "used.bias": "",
        "idle.weight": "unused",
        "idle.bias": "unused",
    }
    assert [scope.path for scope in graph.scopes if scope.call < 0] == ["idle"]


def test_a_leaf_that_is_no_parameter_is_an_input():
    noise = torch.ones(3, 2, requires_grad=True)

    graph = build(nn.Linear(4, 2), lambda output: (output * noise).mean())

    assert "input:leaf" in {node.id for node in graph.nodes if node.kind == "input"}
    assert ("input:leaf", ":Mul") in {(edge.src, edge.dst) for edge in graph.edges}


def test_signatures_tell_shapes_and_topology_apart(model):
    a, b = build(model, torch.mean), build(model, torch.mean)

    assert (a.exact, a.topology, a.rolled) == (b.exact, b.topology, "rolled")
    assert a.exact != a.topology
