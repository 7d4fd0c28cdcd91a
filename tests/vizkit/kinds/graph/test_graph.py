from vizkit.kinds.graph.graph import KINDS, Graph, Node


def test_a_node_needs_no_more_than_what_it_is():
    node = Node("/:Relu", "op", "Relu", "Relu")

    assert node.kind in KINDS
    assert Graph((node,)) == Graph((Node("/:Relu", "op", "Relu", "Relu"),))
