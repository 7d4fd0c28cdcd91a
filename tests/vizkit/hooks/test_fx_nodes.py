import operator

import torch
from torch import fx, nn

from vizkit.hooks import fx_nodes


def node_of(target, *args, meta=None, **kwargs):
    graph = fx.Graph()
    x = graph.placeholder("x")
    made = graph.call_function(target, (x, *args), kwargs)
    made.meta.update(meta or {})
    return made


def test_names_of_operations():
    assert fx_nodes.op_of(node_of(torch.ops.aten.add.Tensor, 1)) == "add"
    assert fx_nodes.op_of(node_of(operator.mul, 2)) == "mul"
    assert fx_nodes.op_of(node_of(torch.relu)) == "relu"


def test_plain_arguments_have_the_names_of_the_schema():
    node = node_of(torch.ops.aten.mean.dim, [2, 3], True, dtype=torch.float64)

    assert list(fx_nodes.attributes_of(node)) == [
        ("dim", "[2, 3]"),
        ("keepdim", "True"),
        ("dtype", "float64"),
    ]
    assert list(fx_nodes.attributes_of(node_of(operator.mul, 2))) == [("argument 1", "2")]


def test_shapes_of_several_results_and_open_sizes():
    several = node_of(torch.ops.aten.max.dim, 0, meta={"val": (torch.ones(2), torch.ones(2, 1))})

    assert fx_nodes.shapes_of(several) == [(2,), (2, 1)]
    assert fx_nodes.dtypes_of(several) == ["float32", "float32"]
    assert fx_nodes.shapes_of(node_of(torch.relu)) == []
    assert fx_nodes.shapes_of(node_of(torch.relu, meta={"example_value": torch.ones(3)})) == [(3,)]


def test_the_module_calls_that_dynamo_names_after_the_argument_of_forward():
    stack = {
        "1": ("L['s'].ls.0", nn.Sequential),
        "2": ("L['s']._modules['ls'].0.fc", nn.Linear),
        "_empty": ("_empty_nn_module_stack", "x"),
    }

    assert fx_nodes.stack_of(node_of(torch.relu, meta={"nn_module_stack": stack})) == [
        ("1", "ls.0", "torch.nn.modules.container.Sequential"),
        ("2", "ls.0.fc", "torch.nn.modules.linear.Linear"),
    ]


def test_functions_of_the_user_are_told_apart():
    assert fx_nodes.is_built_in(torch.relu)
    assert fx_nodes.is_built_in(operator.add)
    assert not fx_nodes.is_built_in(node_of)


def test_a_node_that_is_read_twice_is_there_twice():
    node = node_of(torch.add)
    node.args = (node.args[0], node.args[0])

    assert len(fx_nodes.nodes_read(node)) == 2
    assert len(list(fx_nodes.nodes_in([node.args, {"a": node}]))) == 3
