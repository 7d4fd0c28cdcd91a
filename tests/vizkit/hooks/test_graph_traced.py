import torch
from torch import nn

from vizkit.hooks.graph_build import graph_of
from vizkit.hooks.graph_calls import ModuleCalls
from vizkit.hooks.graph_function_mode import FunctionMode
from vizkit.hooks.graph_inventory import inventory_of
from vizkit.hooks.graph_join import Pass
from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_trace import Trace, trace
from vizkit.hooks.guard import Guard
from vizkit.hooks.roster import Roster
from vizkit.hooks.subject import subject_of


def build(model, *inputs, loss=True):
    """Return the graph of one forward pass whose operations were listened to."""
    subject = subject_of(model)
    names = Roster(subject, []).canonical()
    nodes = {id(tensor): f"buffer:{name}" for name, tensor in model.named_buffers()}
    nodes |= {key: f"parameter:{name}" for key, name in names.items()}
    calls = ModuleCalls(model, Guard())
    operations = Operations(calls, lambda: nodes)
    calls.arm()
    with FunctionMode(operations, Guard()):
        output = model(*inputs)
    found = trace([output], names, 999) if loss else Trace((), ())
    each = Pass(found, 0, calls.rows, calls.inputs, False, operations.rows, operations.loose)
    calls.remove()
    return graph_of([each], inventory_of(subject, names), "rolled")


def running(graph):
    return [(node.id, node.state) for node in graph.nodes if node.order >= 0]


def edges(graph, *kinds):
    return {f"{e.src} -> {e.dst}" for e in graph.edges if e.kind in kinds}


class Gated(nn.Module):
    """Chooses by a layer that no gradient reaches; scales by a buffer, a constant and a mean."""

    def __init__(self):
        super().__init__()
        self.a, self.gate = nn.Linear(4, 4), nn.Linear(4, 2)
        self.register_buffer("scale", torch.ones(4))
        self.shift = torch.ones(4)

    def forward(self, x):
        h = self.a(x)
        if self.gate(h).argmax() >= 0:
            h = h * self.scale
        return (h + self.shift - h.detach().mean()).sum()


def test_what_has_no_gradient_is_there_in_its_place():
    graph = build(Gated(), torch.ones(3, 4))

    assert running(graph) == [
        ("/a:T", ""),
        ("/a:Addmm", ""),
        ("/gate:linear", "no_grad"),
        ("/:argmax", "no_grad"),
        ("/:ge", "no_grad"),
        ("/:bool", "no_grad"),
        ("/:Mul", ""),
        ("/:Add", ""),
        ("/:detach", "no_grad"),
        ("/:mean", "no_grad"),
        ("/:Sub", ""),
        ("/:Sum", ""),
    ]
    assert edges(graph, "inferred") == {
        "input:0 -> /a:Addmm",
        "/a:Addmm -> /gate:linear",
        "/gate:linear -> /:argmax",
        "/:argmax -> /:ge",
        "/:ge -> /:bool",
        "constant:0 -> /:Add",
        "/:Mul -> /:detach",
        "/:detach -> /:mean",
        "/:mean -> /:Sub",
    }
    assert {"parameter:gate.weight -> /gate:linear", "buffer:scale -> /:Mul"} <= edges(
        graph, "parameter"
    )
    states = {node.name: node.state for node in graph.nodes if node.kind == "parameter"}
    assert states["gate.weight"] == "no_grad"
    assert states["a.weight"] == ""


def test_lines_are_those_of_the_model():
    graph = build(Gated(), torch.ones(3, 4))

    first = Gated.forward.__code__.co_firstlineno
    lines = {n.id: int(n.source.rpartition(":")[2]) - first for n in graph.nodes if n.order >= 0}
    assert lines["/a:T"] == lines["/a:Addmm"] == 1
    assert lines["/gate:linear"] == lines["/:bool"] == 2
    assert lines["/:Mul"] == 3
    assert lines["/:Add"] == lines["/:mean"] == lines["/:Sum"] == 4


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, gradient):
        return 3 * gradient


class Cubic(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x):
        h = Cube.apply(self.a(x))
        return h.sum() * h.amax().detach()


def test_a_custom_function_is_one_node_with_the_line_that_applies_it():
    graph = build(Cubic(), torch.ones(3, 4))

    nodes = {node.id: node for node in graph.nodes}
    assert [name for name, _ in running(graph)].count("/:Cube") == 1
    assert not [name for name, state in running(graph) if name == "/:mul"]
    line = Cubic.forward.__code__.co_firstlineno + 1
    assert nodes["/:Cube"].source.endswith(f":{line}")
    assert "/:detach -> /:Mul" in edges(graph, "inferred")


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU())
        self.body.requires_grad_(False)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        return self.head(self.body(x)).sum()


def test_frozen_layers_are_their_operations_and_counters_are_none():
    graph = build(Frozen(), torch.ones(3, 4))

    assert [name for name, state in running(graph) if state] == [
        "/body/0:linear",
        "/body/1:batch_norm",
        "/body/2:relu",
    ]
    assert edges(graph, "inferred") == {
        "input:0 -> /body/0:linear",
        "/body/0:linear -> /body/1:batch_norm",
        "/body/1:batch_norm -> /body/2:relu",
        "/body/2:relu -> /head:Addmm",
    }
    assert "buffer:body.1.running_mean -> /body/1:batch_norm" in edges(graph, "parameter")
    states = {node.name: node.state for node in graph.nodes if node.kind == "parameter"}
    assert states["body.0.weight"] == "frozen"


class Adapted(nn.Module):
    """A frozen layer behind a trained one: gradients pass through it."""

    def __init__(self):
        super().__init__()
        self.a, self.frozen = nn.Linear(4, 4), nn.Linear(4, 4)
        self.frozen.requires_grad_(False)

    def forward(self, x):
        return self.frozen(self.a(x)).sum()


def test_a_frozen_layer_that_gradients_pass_shows_what_it_reads():
    graph = build(Adapted(), torch.ones(3, 4))

    assert edges(graph, "parameter") == {
        "parameter:a.weight -> /a:T",
        "parameter:a.bias -> /a:Addmm",
        "parameter:frozen.weight -> /frozen:Addmm",
        "parameter:frozen.bias -> /frozen:Addmm",
    }


def test_what_was_passed_besides_tensors_is_on_the_node():
    class Scaled(nn.Linear):
        def forward(self, x):
            return (super().forward(x) * 3).sum()

    graph = build(Scaled(4, 4), torch.ones(3, 4))

    nodes = {node.op: node for node in graph.nodes}
    assert nodes["Mul"].attributes == (("argument 2", "3"),)
    assert nodes["Addmm"].attributes == ()


def test_without_any_gradient_the_operations_are_the_graph():
    model = Frozen()
    model.requires_grad_(False)

    graph = build(model, torch.ones(3, 4), loss=False)

    assert [name for name, _ in running(graph)] == [
        "/body/0:linear",
        "/body/1:batch_norm",
        "/body/2:relu",
        "/head:linear",
        "/:sum",
    ]
    assert len(graph.topology) == 16
    assert graph.topology != graph.exact
