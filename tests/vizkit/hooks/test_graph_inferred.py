from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_inferred import (
    Layout,
    hidden_parameters,
    made_nothing,
    parameters_of_modules,
    ways_between_calls,
)
from vizkit.hooks.graph_join import Joined
from vizkit.hooks.graph_scopes import Scopes
from vizkit.hooks.graph_trace import Step
from vizkit.kinds.graph.graph import Edge, Node

WEIGHT = Node("parameter:a.w", "parameter", "Parameter", "a.w", "a", shapes=((2,),))


def a_call(path, start, stop, parent, *, grad=True, sources=(), results=(), hidden=False):
    call = Call(path, start, parent, grad=grad)
    call.stop, call.sources, call.results, call.hidden = stop, sources, results, hidden
    return call


def layout(steps, calls, *, call_of, ids, module_ids=None):
    joined = Joined(list(steps), [], list(calls), [((9, 4), "float32")])
    return Layout(joined, range(len(calls)), call_of, ids, module_ids or {}, Scopes(calls))


def ways(found):
    return [(edge.src, edge.dst) for edge in found]


def test_a_call_made_nothing_where_no_result_has_a_node():
    assert made_nothing(a_call("a", 0, 0, -1, results=[(-1, 0, (2,), "float32")]))
    assert not made_nothing(a_call("a", 0, 1, -1, results=[(0, 0, (2,), "float32")]))
    assert made_nothing(a_call("a", 0, 0, -1, grad=False))


def test_a_call_that_returned_its_input_made_nothing_worth_a_node():
    call = a_call("a", 0, 0, -1, results=[(-1, 0, (2,), "float32")])
    call.same = True

    assert not made_nothing(call)


def test_an_input_enters_where_a_constant_is_read():
    steps = [Step("T", 0, ((2, 0),)), Step("Addmm", 1, (None, (0, 0))), Step("Parameter", -1)]
    calls = [a_call("a", 0, 2, -1, sources=(-1,))]

    found = ways_between_calls(
        layout(steps, calls, call_of={0: 0, 1: 0}, ids={0: "T", 1: "Addmm", 2: "w"})
    )

    assert found == [Edge("input:0", "Addmm", shape=(9, 4), kind="inferred")]


def test_an_input_never_enters_a_weight_that_is_turned():
    steps = [Step("T", 0, ((2, 0),)), Step("Embedding", 1, ((0, 0),)), Step("Parameter", -1)]
    calls = [a_call("a", 0, 2, -1, sources=(-1,))]

    found = ways_between_calls(
        layout(steps, calls, call_of={0: 0, 1: 0}, ids={0: "T", 1: "Embedding", 2: "w"})
    )

    assert ways(found) == [("input:0", "Embedding")]


def test_a_way_through_parts_without_gradients():
    steps = [Step("Addmm", 0, (None,))]
    calls = [
        a_call("frozen", 0, 0, -1, sources=(-1,), results=[(-1, 0, (5,), "float32")]),
        a_call("head", 0, 1, -1, sources=(0,)),
    ]

    found = ways_between_calls(
        layout(steps, calls, call_of={0: 1}, ids={0: "Addmm"}, module_ids={0: "frozen"})
    )

    assert ways(found) == [("input:0", "frozen"), ("frozen", "Addmm")]
    assert found[1].shape == (5,)


def test_what_autograd_knows_is_not_said_twice():
    steps = [Step("Mul", 0, (None,)), Step("Add", 1, ((0, 0), None))]
    calls = [
        a_call("a", 0, 1, -1, results=[(0, 0, (5,), "float32")]),
        a_call("b", 1, 2, -1, sources=(0,)),
    ]

    found = ways_between_calls(layout(steps, calls, call_of={0: 0, 1: 1}, ids={0: "Mul", 1: "Add"}))

    assert found == []


def test_parameters_used_inside_a_function_lead_into_it():
    steps = [Step("CheckpointFunction", 3, custom=True), Step("Add", 1)]
    calls = [a_call("a", 4, 4, -1, grad=False, hidden=True)]
    where = layout(steps, calls, call_of={0: -1, 1: -1}, ids={0: "function", 1: "add"})

    assert hidden_parameters(where, [WEIGHT]) == [
        Edge("parameter:a.w", "function", shape=(2,), kind="hidden")
    ]


def test_a_gradient_free_call_after_a_function_is_not_inside_it():
    steps = [Step("CheckpointFunction", 3, custom=True)]
    calls = [a_call("a", 4, 4, -1, grad=False)]

    assert hidden_parameters(layout(steps, calls, call_of={0: -1}, ids={0: "f"}), [WEIGHT]) == []


def test_a_call_that_is_one_node_reads_its_own_parameters():
    where = layout([], [a_call("a", 0, 0, -1)], call_of={}, ids={}, module_ids={0: "call"})

    assert ways(parameters_of_modules(where, [WEIGHT])) == [("parameter:a.w", "call")]
