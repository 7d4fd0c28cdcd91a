import torch
from torch import nn

from vizkit.hooks.eager_modules import anything_to_compile, eager_modules, roots_of


def test_compiled_and_scripted_modules_get_no_hooks():
    whole = torch.compile(nn.Sequential(nn.Linear(2, 2)), backend="eager")
    regional = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    regional[1].compile(backend="eager")

    assert [path for path, _ in eager_modules(whole)] == [""]
    assert next(eager_modules(whole))[1] is whole
    assert [path for path, _ in eager_modules(regional)] == ["", "0"]


def test_a_shared_module_has_its_first_name():
    shared = nn.Linear(2, 2)

    assert [path for path, _ in eager_modules(nn.Sequential(shared, shared))] == ["", "0"]


def test_the_roots_of_a_container_are_its_parts():
    inner = nn.Sequential(nn.Linear(2, 2))
    nets = nn.ModuleDict({"a": inner, "b": nn.ModuleList([nn.ReLU()])})

    assert roots_of(inner) == [inner]
    assert roots_of(nets) == [inner, nets["b"][0]]


def test_what_was_prepared_to_be_compiled_is_known_before_it_runs():
    torch._dynamo.reset()
    torch.compiler.disable(lambda: None)
    assert not anything_to_compile()

    torch.compile(lambda x: x + 1, backend="eager")
    assert anything_to_compile()
    torch._dynamo.reset()


def test_an_encoder_layer_that_evaluates_gets_no_hooks():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.ModuleDict({"text": nn.TransformerEncoder(layer, 1), "head": nn.Linear(8, 2)})
    assert "text.layers.0.linear1" in dict(eager_modules(model))

    model["text"].eval()

    assert list(dict(eager_modules(model))) == ["", "text", "text.layers", "head"]
