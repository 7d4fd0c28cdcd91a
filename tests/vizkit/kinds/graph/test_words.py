from dataclasses import replace

from vizkit.kinds.graph.diff import Difference, diff
from vizkit.kinds.graph.graph import Node
from vizkit.kinds.graph.words import in_words


def test_nothing_is_said_of_equal_graphs(chain):
    assert in_words(diff(chain("Mul"), chain("Mul"))) == ()


def test_a_branch_that_switches(chain):
    old = chain("T", "Addmm", path="left", scope="/left")
    new = chain("T", "Addmm", "Sigmoid", "Sigmoid", path="right", scope="/right")

    assert in_words(diff(old, new)) == (
        "right now runs T, Addmm, Sigmoid x2",
        "left no longer runs T, Addmm",
    )


def test_operations_outside_modules(chain):
    words = in_words(Difference(added=(Node(":Mul", "op", "Mul", "Mul"),)))

    assert words == ("what is outside the modules now runs Mul",)


def test_shapes_before_and_after(chain):
    found = diff(chain("Mul", shape=(2, 3)), chain("Mul", shape=()))

    assert in_words(found) == ("Mul of fc is scalar instead of 2x3",)


def test_many_reshaped_results_are_counted(chain):
    ops = [f"Op{k}" for k in range(9)]
    found = diff(chain(*ops, shape=(2,)), chain(*ops, shape=(3,)))

    assert in_words(found)[-1] == "5 other results have new shapes"


def test_rewired_operations(chain):
    old = chain("A", "B", "C")
    new = replace(old, edges=(old.edges[0], replace(old.edges[1], src="/fc:A")))

    assert in_words(diff(old, new)) == ("C of fc reads from other operations",)


def test_parameters_that_come_and_go_and_change_state(chain):
    def with_weights(**states):
        nodes = (
            Node(f"parameter:{name}", "parameter", "Parameter", name, state=state)
            for name, state in states.items()
        )
        return replace(chain("Mul"), nodes=tuple(nodes))

    old, new = with_weights(a="", b="", gone=""), with_weights(a="unused", b="unused", new="")

    assert in_words(diff(old, new)) == (
        "parameter new appears",
        "parameter gone is gone",
        "parameters a, b: used before, unused now",
    )


def test_long_lists_are_cut(chain):
    added = tuple(Node(f":{k}", "op", f"Op{k}", "op", "fc") for k in range(9))

    assert in_words(Difference(added=added)) == ("fc now runs Op0, Op1, Op2 and 6 more",)


def compiled(graph, *kernels):
    """Return the graph with its operations in kernels, by place, and without the others."""
    scopes = {place: f"/kernel {k}" for k, places in enumerate(kernels, 1) for place in places}
    nodes = [replace(n, scope=scopes[p]) for p, n in enumerate(graph.nodes) if p in scopes]
    return replace(graph, nodes=tuple(nodes), edges=(), source="inductor")


def test_fusion_is_told_by_kernel(chain):
    before = chain("conv", "norm", "relu", "view", "mean", path="a")
    after = compiled(before, [0], [1, 2], [4])

    assert in_words(diff(before, after)) == (
        "norm of a and relu of a run as one kernel now",
        "2 operations run in a kernel of their own",
        "a no longer runs view",
    )


def test_many_kernels_are_counted(chain):
    before = chain(*[f"op{k}" for k in range(30)])
    after = compiled(before, *[[k, k + 1] for k in range(0, 30, 2)])

    assert in_words(diff(before, after))[-1] == "3 more kernels run several operations each"
    assert len(in_words(diff(before, after))) == 13


def test_a_kernel_of_many_operations_is_cut(chain):
    before = chain(*[f"op{k}" for k in range(30)])

    (sentence,) = in_words(diff(before, compiled(before, range(30))))

    assert sentence.endswith("op11 of fc and 18 more operations run as one kernel now")


def test_open_sizes_are_question_marks(chain):
    found = diff(chain("Mul", shape=(2, 3)), chain("Mul", shape=(-1, 3)))

    assert in_words(found) == ("Mul of fc is ?x3 instead of 2x3",)
