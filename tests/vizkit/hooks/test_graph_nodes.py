from vizkit.hooks.graph_calls import Call
from vizkit.hooks.graph_nodes import guessed_path, module_node, operation_node, tensor_node
from vizkit.hooks.graph_trace import Step
from vizkit.kinds.graph.graph import Node


def test_autograd_nodes_are_operations_or_functions():
    step = Step("Addmm", 3, shapes=((2, 4),), dtypes=("float32",))

    node = operation_node(step, "body.fc", "/body/fc#1")

    assert node == Node(
        id="/body/fc#1:Addmm",
        kind="op",
        op="Addmm",
        name="Addmm",
        path="body.fc",
        scope="/body/fc#1",
        shapes=((2, 4),),
        dtypes=("float32",),
    )
    assert operation_node(Step("Mine", 4, custom=True), "", "").kind == "function"


def test_a_call_that_is_one_node_has_its_results():
    call = Call("body", 0, -1, grad=False)
    call.results = ((-1, 0, (2, 4), "float32"), (-1, 1, (), "int64"))

    node = module_node(call, "Scripted", "/body")

    assert (node.id, node.kind, node.state) == ("/body:call", "module", "no_grad")
    assert (node.shapes, node.dtypes) == (((2, 4), ()), ("float32", "int64"))


def test_tensors_have_their_kind_in_their_id():
    node = tensor_node("constant:3", (2,), "int64")

    assert (node.id, node.kind, node.name) == ("constant:3", "constant", "3")


def test_a_path_is_guessed_from_what_all_its_parameters_have_in_common():
    steps = [
        Step("Parameter", -1, leaf="body.fc.weight"),
        Step("Parameter", -1, leaf="body.norm.bias"),
        Step("Relu", 1),
    ]

    assert guessed_path(steps, Step("Addmm", 5, ((0, 0), None, (2, 0)))) == "body.fc"
    assert guessed_path(steps, Step("Add", 5, ((0, 0), (1, 0)))) == "body"
    assert guessed_path(steps, Step("Add", 5, (None,))) == ""
