from dataclasses import replace

from vizkit.kinds.graph.signatures import digest, signed


def test_equal_graphs_have_equal_signatures(chain):
    assert signed(chain("Mul", "Tanh")) == signed(chain("Mul", "Tanh"))


def test_shapes_make_another_exact_one_only(chain):
    one, other = signed(chain("Mul", shape=(2, 3))), signed(chain("Mul", shape=(4, 3)))

    assert one.exact != other.exact
    assert (one.topology, one.rolled) == (other.topology, other.rolled)


def test_loop_counts_make_another_topology_but_no_other_rolled_one(loop):
    one, other = signed(loop(3)), signed(loop(5))

    assert one.topology != other.topology
    assert one.rolled == other.rolled


def test_another_wiring_is_another_topology(chain):
    graph = chain("Mul", "Tanh", "Tanh")
    rewired = replace(graph, edges=(graph.edges[0], replace(graph.edges[1], src=graph.nodes[0].id)))

    assert signed(graph).topology != signed(rewired).topology


def test_words_do_not_run_together():
    assert digest(["ab", "c"]) != digest(["a", "bc"])
