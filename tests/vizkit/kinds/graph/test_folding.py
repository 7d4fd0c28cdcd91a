from vizkit.kinds.graph.folding import counts_of, repeats, rolled, rolled_id, tandems
from vizkit.kinds.graph.graph import Edge, Graph, Node, Scope
from vizkit.kinds.graph.tree import tree_of


def test_equal_calls_after_each_other_are_a_repeat(loop):
    (repeat,) = repeats(loop(12))

    assert (repeat.scope, repeat.count) == ("/", 12)
    assert repeat.turns[0] == ("/cell",)
    assert repeat.turns[11] == ("/cell#11",)


def test_a_loop_of_operations_without_modules():
    nodes = tuple(
        Node(f":{order}", "op", op, op, order=order)
        for order, op in enumerate(["Embed", *["Mul", "Add", "Tanh"] * 5, "Sum"])
    )

    (repeat,) = repeats(Graph(nodes))

    assert (repeat.count, repeat.turns[0]) == (5, (":1", ":2", ":3"))


def test_the_longest_repeat_wins():
    assert tandems("abababab") == [(0, 2, 4)]
    assert tandems("aaxaaxaax") == [(0, 3, 3)]
    assert tandems("abc") == []


def test_rolling_up_keeps_one_turn(loop):
    graph = rolled(loop(24))

    assert [(node.id, node.name) for node in graph.nodes] == [
        ("/cell:Add", "Add x24"),
        ("/cell:Tanh", "Tanh x24"),
    ]
    assert {(edge.src, edge.dst) for edge in graph.edges} == {
        ("/cell:Add", "/cell:Tanh"),
        ("/cell:Tanh", "/cell:Add"),
    }
    assert [scope.path for scope in graph.scopes] == ["", "cell"]


def test_two_lengths_roll_up_to_the_same_wiring(loop):
    def wiring(graph):
        return {(edge.src, edge.dst) for edge in rolled(graph).edges}

    assert wiring(loop(3)) == wiring(loop(9))


def test_parameters_keep_their_ids_and_data_its_shape():
    weight = Node("parameter:w", "parameter", "Parameter", "w")
    use = Node("/:Mul", "op", "Mul", "Mul", order=0)
    graph = rolled(Graph((use, weight), (Edge(weight.id, use.id, shape=(3,)),)))

    assert [node.id for node in graph.nodes] == [":Mul", "parameter:w"]
    assert graph.edges[0].shape == (3,)


def test_counts_by_rolled_id(loop):
    graph = loop(5)

    assert counts_of(graph) == {"/cell:Add": 5, "/cell:Tanh": 5}
    assert rolled_id(graph.nodes[0]) == "/cell:Add"


def test_a_rolled_graph_is_a_tree_of_one_call_per_module(loop):
    (model,) = tree_of(rolled(loop(7))).items

    (cell,) = model.items
    assert [node.id for node in cell.items] == ["/cell:Add", "/cell:Tanh"]


def test_a_module_that_calls_itself_rolls_up_once():
    scopes = (Scope("/", "", "Net"), Scope("/t", "t", "T", "/"), Scope("/t/t", "t", "T", "/t"))
    node = Node("/t/t:Add", "op", "Add", "Add", "t", "/t/t", order=0)

    graph = rolled(Graph((node,), scopes=scopes))

    assert [(scope.id, scope.parent) for scope in graph.scopes] == [("/", ""), ("/t", "/")]
    assert [node.scope for node in graph.nodes] == ["/t"]
