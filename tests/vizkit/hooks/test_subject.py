import gc

import pytest
import torch
from torch import nn

from vizkit.errors import UsageError
from vizkit.hooks.subject import clean_name, subject_of, unwrapped


def names(subject):
    return [name for name, _ in subject.parameters()]


def test_a_module_names_its_parameters_aliases_too():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight

    subject = subject_of(model)

    assert names(subject) == ["0.weight", "1.weight"]
    assert subject.model() is model
    assert subject.title == "Sequential"


def test_wrappers_do_not_show_in_names():
    model = nn.Sequential(nn.Linear(2, 2))
    wrapped = nn.DataParallel(torch.compile(model, backend="eager"))

    assert names(subject_of(wrapped)) == ["0.weight", "0.bias"]
    assert unwrapped(wrapped) is model
    assert subject_of(wrapped).title == "Sequential"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("_orig_mod.fc.weight", "fc.weight"),
        ("fc._orig_mod.weight", "fc.weight"),
        ("_fsdp_wrapped_module.a._checkpoint_wrapped_module.b", "a.b"),
        ("fc._orig_mod", "fc"),
        ("module.weight", "module.weight"),
    ],
)
def test_names_without_what_wrappers_put_in(name, clean):
    assert clean_name(name) == clean


def test_watching_keeps_no_module_alive_but_knows_its_parameters():
    layer = nn.Linear(2, 1)
    subject = subject_of(nn.ModuleDict({"layer": layer}))
    gc.collect()

    assert subject.model() is None
    assert names(subject) == ["layer.weight", "layer.bias"]


def test_tensors_are_named_as_the_callers_variables():
    w1, w2 = torch.ones(1), torch.ones(1)

    assert names(subject_of([w1, w2])) == ["w1", "w2"]
    assert names(subject_of((w2,))) == ["w2"]
    assert names(subject_of(w1)) == ["w1"]


def test_tensors_without_variables_are_numbered_and_dicts_name_theirs():
    assert names(subject_of([torch.ones(1), torch.ones(1)])) == ["0", "1"]
    assert names(subject_of({"a": torch.ones(1)})) == ["a"]
    assert names(subject_of(nn.Linear(2, 1).parameters())) == ["0", "1"]


@pytest.mark.parametrize("wrong", [None, 3, [], {}, ["w"], [nn.Linear(1, 1)]])
def test_anything_else_is_refused_with_a_hint(wrong):
    with pytest.raises(UsageError, match="nn.ModuleDict"):
        subject_of(wrong)
