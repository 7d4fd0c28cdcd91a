import copy
import pickle

import pytest
import torch
from torch import nn

from vizkit.hooks.module_hooks import ModuleHooks


class Heard:
    def __init__(self):
        self.calls = []
        self.hooks = ModuleHooks(self.before, self.after)

    def before(self, path, arguments):
        self.calls.append(("before", path))

    def after(self, path, output):
        self.calls.append(("after", path, output is None))


def counts(model):
    return [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]


def test_calls_are_heard_between_putting_on_and_taking_off():
    heard, model = Heard(), nn.Sequential(nn.Linear(2, 2))

    heard.hooks.put_on([("", model), ("0", model[0])])
    heard.hooks.put_on([("", model)])
    model(torch.ones(1, 2))
    heard.hooks.remove()
    model(torch.ones(1, 2))

    begun = [("before", ""), ("before", "0")]
    assert heard.calls == [*begun, ("after", "0", False), ("after", "", False)]
    assert counts(model) == [0, 0]
    assert len(heard.hooks) == 0


def test_a_call_that_raises_ends_too():
    heard, model = Heard(), nn.Linear(2, 2)
    heard.hooks.put_on([("x", model)])

    with pytest.raises(RuntimeError):
        model(torch.ones(1, 3))

    assert heard.calls == [("before", "x"), ("after", "x", True)]


def test_copies_have_hooks_that_do_nothing():
    heard, model = Heard(), nn.Linear(2, 2)
    heard.hooks.put_on([("x", model)])

    copy.deepcopy(model)(torch.ones(1, 2))
    pickle.loads(pickle.dumps(model))(torch.ones(1, 2))

    assert heard.calls == []


def test_once_something_is_compiled_hooks_stay(monkeypatch):
    from torch._dynamo.utils import counters

    heard, model = Heard(), nn.Linear(2, 2)
    heard.hooks.put_on([("x", model)])

    with monkeypatch.context() as patch:
        patch.setitem(counters, "frames", {"total": 1})
        heard.hooks.take_off()
        assert counts(model) == [2]

    counters.pop("frames", None)
    heard.hooks.take_off()
    assert counts(model) == [0]
