import torch
from torch import nn

from vizkit.hooks.module_tree import module_graph, tensor_graph, with_forward_pass
from vizkit.hooks.roster import Roster
from vizkit.hooks.shapes import Call, ForwardPass
from vizkit.hooks.subject import subject_of
from vizkit.kinds.graph.module_graph import Edge, Node


def graph_of(model):
    return module_graph(model, Roster(subject_of(model), []).canonical())


def test_the_tree_of_modules():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))
    model[0].weight.requires_grad_(False)

    root, linear, inner, norm = graph_of(model).nodes

    assert (root.id, root.name, root.op, root.parent) == ("", "Sequential", "Sequential", "")
    assert (root.parameters, root.trainable) == (15, 9)
    assert linear == Node(
        id="0",
        name="0",
        path="0",
        kind="module",
        op="Linear",
        parameters=9,
        trainable=3,
        parameter_names=("0.weight", "0.bias"),
        extra="in_features=2, out_features=3, bias=True",
    )
    assert (inner.id, inner.parameter_names) == ("1", ())
    assert (norm.id, norm.parent, norm.buffers) == ("1.0", "1", 3)


def test_a_tied_weight_has_the_name_it_is_logged_under():
    model = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    model["b"].weight = model["a"].weight

    nodes = {node.id: node for node in graph_of(model).nodes}

    assert nodes["b"].parameter_names == ("a.weight",)


def test_wrappers_do_not_show():
    model = nn.Sequential(nn.Linear(2, 1))

    assert graph_of(torch.compile(model, backend="eager")) == graph_of(model)


def test_lazy_modules_have_no_size_yet():
    (_, lazy) = graph_of(nn.Sequential(nn.LazyLinear(3))).nodes

    assert (lazy.op, lazy.parameters) == ("LazyLinear", 0)


def test_raw_tensors_are_nodes_of_their_own():
    (node,) = tensor_graph([("w1", torch.ones(2, 3))]).nodes

    assert (node.id, node.kind, node.parameters) == ("w1", "parameter", 6)
    assert node.output_shapes == ((2, 3),)


def test_a_forward_pass_adds_shapes_order_edges_and_notes():
    graph = graph_of(nn.Sequential(nn.Linear(2, 1)))
    seen = ForwardPass({"0": Call(((4, 2),), ((4, 1),), 1)}, [("0", "0")], ["a note"])

    full = with_forward_pass(graph, seen)

    assert (full.nodes[1].input_shapes, full.nodes[1].order) == (((4, 2),), 1)
    assert full.nodes[0] == graph.nodes[0]
    assert full.edges == (Edge("0", "0"),)
    assert full.notes == ("a note",)


def test_watching_logs_the_graph_at_once_and_with_shapes_after_the_first_pass(
    watching, record, problem
):
    model = problem.model()
    watching(model)
    assert len(record.graphs) == 1

    model(problem.x)
    model(problem.x)

    first, second = record.graphs
    assert first.nodes[1].input_shapes == ()
    assert second.nodes[1].input_shapes == ((16, 4),)
    assert second.edges == (Edge("0", "1"), Edge("1", "2"))
