from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_join import Pass, joined
from vizkit.hooks.graph_trace import Step, Trace


def a_pass(step, *steps, calls=None, inputs=()):
    return Pass(Trace(steps, ((0, 0),)), step, calls, inputs)


LEAF = Step("Parameter", -1, leaf="w")


def test_passes_of_one_step_share_nodes():
    first = a_pass(0, Step("Sum", 3, ((1, 0),)), Step("Mul", 2, ((2, 0),)), LEAF)
    second = a_pass(0, Step("Mean", 4, ((1, 0),)), Step("Mul", 2, ((2, 0),)), LEAF)

    whole = joined([first, second])

    assert [step.op for step in whole.steps] == ["Sum", "Mul", "Parameter", "Mean"]
    assert whole.steps[3].inputs == ((1, 0),)
    assert whole.roots == [(0, 0), (3, 0)]


def test_passes_of_different_steps_come_after_each_other():
    first = a_pass(0, Step("Sum", 9, ((1, 0),)), LEAF)
    second = a_pass(5, Step("Sum", 9, ((1, 0),)), LEAF)

    whole = joined([first, second])

    assert [(step.op, step.sequence) for step in whole.steps] == [
        ("Sum", 9),
        ("Parameter", -1),
        ("Sum", 19),
    ]
    assert whole.steps[2].inputs == ((1, 0),)


def test_tensors_without_a_name_are_never_the_same():
    nameless = Step("Tensor", -1, leaf="")
    passes = [a_pass(0, Step("Sum", n, ((1, 0),)), nameless) for n in (1, 2)]

    assert len(joined(passes).steps) == 4


def test_calls_move_with_their_step():
    def called():
        outer, inner = Call("", 0, -1, grad=True), Call("fc", 1, 0, grad=True)
        outer.stop, inner.stop = 4, 3
        inner.sources, inner.results = (-1, 0), ((2, 0, (3,), "float32"),)
        return [outer, inner]

    passes = [
        a_pass(n, Step("Sum", 4, ()), calls=called(), inputs=[((3,), "float32")]) for n in range(2)
    ]
    whole = joined(passes)

    assert [call.parent for call in whole.calls] == [-1, 0, -1, 2]
    assert [call.start for call in whole.calls] == [0, 1, 5, 6]
    assert whole.calls[3].sources == (-2, 2)
    assert whole.calls[3].results[0][0] == 7
    assert len(whole.inputs) == 2


def test_the_last_pass_of_a_step_knows_all_calls():
    rows = [Call("", 0, -1, grad=True)]
    passes = [a_pass(0, Step("Sum", 1), calls=rows), a_pass(0, Step("Mean", 2), calls=rows)]

    assert len(joined(passes).calls) == 1
