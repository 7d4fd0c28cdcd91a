import torch
from torch import nn

from vizkit.hooks.graph_walk import sequence_number
from vizkit.hooks.nan_places import Places
from vizkit.hooks.nan_rerun import nodes_before


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.part, self.after = nn.Sequential(nn.Linear(2, 2), nn.Tanh()), nn.Tanh()

    def forward(self, x):
        return self.after(self.part(self.part(x))).tanh()


def test_calls_have_the_ids_that_the_captured_graph_gives_them(watching, record):
    model = Twice()
    places = Places()
    with places.listening(model):
        output = model(torch.ones(1, 2))
    watching(model, torch.optim.SGD(model.parameters(), 0.1))
    model(torch.ones(1, 2)).sum().backward()
    torch.optim.SGD(model.parameters(), 0.1).step()

    nodes = nodes_before([output.grad_fn])
    ids = {places.node_id(node._sequence_nr(), nodes) for node in nodes}
    scopes = {scope.id for scope in record.versions[0].graph.scopes}
    assert {call.id for call in places.calls} == scopes
    assert ids <= {node.id for node in record.versions[0].graph.nodes}
    assert {"/part#1/1:Tanh", "/after:Tanh", "/:Tanh"} <= ids


def test_a_node_belongs_to_the_innermost_call():
    model, places = Twice(), Places()
    with places.listening(model):
        assert places.path == ""
        output = model(torch.ones(1, 2))

    assert places.of(output.grad_fn._sequence_nr()).path == ""
    before = output.grad_fn.next_functions[0][0]
    assert places.of(before._sequence_nr()).path == "after"
    assert places.of(sequence_number()) is None


def test_repeated_operations_of_a_call_are_numbered_in_their_order():
    x = torch.ones(1, requires_grad=True)
    y = x.exp().exp()

    nodes = nodes_before([y.grad_fn])
    ids = [Places().node_id(node._sequence_nr(), nodes) for node in nodes]
    assert ids == [":Exp.1", ":Exp"]
    assert Places().node_id(10**9, nodes) == ""


def test_hooks_are_gone_afterwards_also_if_the_model_raises():
    model, places = nn.Sequential(nn.Linear(2, 2)), Places()
    try:
        with places.listening(model):
            model(torch.ones(1, 3))
    except RuntimeError:
        pass

    assert not model[0]._forward_hooks
    assert not model[0]._forward_pre_hooks
    assert places.path == ""
