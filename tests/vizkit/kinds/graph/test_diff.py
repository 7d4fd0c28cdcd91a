from dataclasses import replace

from vizkit.kinds.graph.diff import diff, with_ids_of
from vizkit.kinds.graph.graph import Edge, Node


def ids(nodes):
    return [node.id for node in nodes]


def test_equal_graphs_differ_in_nothing(chain):
    graph = chain("T", "Addmm", "Relu")

    found = diff(graph, graph)

    assert found.is_empty
    assert ids(a for a, _ in found.kept) == ids(graph.nodes)


def test_an_operation_in_between(chain):
    found = diff(chain("Mul", "Add", "Sum"), chain("Mul", "Tanh", "Add", "Sum"))

    assert ids(found.added) == ["/fc:Tanh"]
    assert found.removed == ()
    assert ids(b for _, b in found.rewired) == ["/fc:Add"]


def test_an_operation_fewer_of_several_equal_ones(chain):
    found = diff(chain("Mul", "Relu", "Mul"), chain("Relu", "Mul"))

    assert ids(found.removed) == ["/fc:Mul"]
    assert [(a.id, b.id) for a, b in found.kept][-1] == ("/fc:Mul.1", "/fc:Mul")


def test_other_shapes(chain):
    found = diff(chain("Mul", shape=(2, 3)), chain("Mul", shape=(5, 3)))

    assert [(a.shapes, b.shapes) for a, b in found.reshaped] == [(((2, 3),), ((5, 3),))]
    assert not found.added


def test_another_input(chain):
    old = chain("A", "B", "C")
    new = replace(old, edges=(old.edges[0], Edge("/fc:A", "/fc:C")))

    found = diff(old, new)

    assert ids(b for _, b in found.rewired) == ["/fc:C"]
    assert not found.added
    assert not found.removed


def test_more_turns_of_a_loop_are_added(loop):
    found = diff(loop(3), loop(5))

    assert len(found.kept) == 6
    assert len(found.added) == 4
    assert found.removed == ()


def test_a_call_that_changed_inside_is_looked_into(chain):
    found = diff(chain("Mul", "Add"), chain("Mul", "Sub"))

    assert (ids(found.added), ids(found.removed)) == (["/fc:Sub"], ["/fc:Add"])
    assert len(found.kept) == 1


def test_parameters_are_told_by_their_names(chain):
    old = chain("Mul")
    weight = Node("parameter:w", "parameter", "Parameter", "w")
    new = replace(old, nodes=(*old.nodes, weight))

    found = diff(old, new)

    assert found.added == (weight,)
    assert diff(new, old).removed == (weight,)


def test_kept_nodes_inherit_their_ids(chain):
    old, new = chain("Mul", "Relu", "Mul"), chain("Relu", "Mul", "Mul")

    inherited = with_ids_of(new, diff(old, new))

    assert ids(inherited.nodes) == ["/fc:Relu", "/fc:Mul~2", "/fc:Mul.1"]
    assert ids(node for node in inherited.nodes if node.op == "Relu") == ["/fc:Relu"]
    assert {edge.src for edge in inherited.edges} <= set(ids(inherited.nodes))


def test_thousands_of_nodes_are_compared_quickly(loop):
    found = diff(loop(2_500), loop(2_400))

    assert len(found.removed) == 200


def test_an_equal_module_of_another_name_is_another_module(chain):
    old = chain("T", "Addmm", path="experts.0", scope="/experts.0")
    new = chain("T", "Addmm", path="experts.1", scope="/experts.1")

    found = diff(old, new)

    assert ids(found.removed) == ["/experts.0:T", "/experts.0:Addmm"]
    assert ids(found.added) == ["/experts.1:T", "/experts.1:Addmm"]


def test_a_compiled_models_operations_are_known_by_their_ids(chain):
    before = chain("conv", "relu", "view")
    kept = tuple(replace(node, scope="/kernel 1") for node in before.nodes[:2])
    found = diff(before, replace(before, nodes=kept, edges=(), source="inductor"))

    assert [(a.id, b.scope) for a, b in found.kept] == [(n.id, "/kernel 1") for n in kept]
    assert found.removed == before.nodes[2:]
    assert found.added == found.rewired == ()
