from vizkit.kinds.graph.graph import Graph, Node, Scope
from vizkit.kinds.graph.tree import token, tree_of


def test_calls_hold_what_they_ran_in_order(loop):
    root = tree_of(loop(2))

    (model,) = root.items
    assert (model.path, model.op) == ("", "Net")
    assert [call.scope.id for call in model.items] == ["/cell", "/cell#1"]
    assert [node.op for node in root.nodes()] == ["Add", "Tanh"] * 2


def test_equal_calls_have_equal_tokens(loop, chain):
    first, second = tree_of(loop(2)).items[0].items

    assert token(first) == token(second)
    assert token(first) != token(tree_of(chain("Add")).items[0].items[0])


def test_operations_between_calls_keep_their_place():
    scopes = (Scope("/", "", "Net"), Scope("/a", "a", "A", "/"), Scope("/b", "b", "B", "/"))
    nodes = tuple(
        Node(f"{scope}:{order}", "op", "Add", "Add", scope=scope, order=order)
        for order, scope in enumerate(["/", "/b", "/", "/a"])
    )

    (model,) = tree_of(Graph(nodes, scopes=scopes)).items

    assert [getattr(item, "path", None) for item in model.items] == ["", "b", "", "a"]


def test_parameters_and_calls_that_never_came_are_not_in_it():
    graph = Graph(
        (Node("parameter:w", "parameter", "Parameter", "w"),),
        scopes=(Scope("/", "", "Net"), Scope("/x", "x", "X", "/", -1)),
    )

    (model,) = tree_of(graph).items

    assert model.items == []
