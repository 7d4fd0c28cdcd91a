import torch
from torch import nn

from vizkit.hooks.eager_modules import eager_modules


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
