import threading

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from vizkit.hooks.graph_ops import Operations
from vizkit.hooks.graph_pace import Pace
from vizkit.hooks.graph_tracing import Tracing, takes_fast_path
from vizkit.hooks.guard import Guard

stack = _get_current_function_mode_stack


@pytest.fixture(autouse=True)
def _nothing_stays_on_the_stack():
    yield
    assert stack() == []


@pytest.fixture
def trace():
    """Return a `Tracing` of a model; all of them are removed at the end."""
    made = []

    def trace(model, every=None, pace=None):
        tracing = Tracing(model, Operations(None, dict), Guard(), pace or Pace(), every)
        made.append(tracing)
        return tracing

    yield trace
    for tracing in made:
        tracing.remove()


def hooks_on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def heard(tracing):
    found = tracing.heard()
    return None if found is None else [op.name for op in found[0]]


def model():
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU())


X = torch.ones(1, 2)


def test_the_first_forward_pass_is_heard_and_only_it(trace):
    net = model()
    tracing = trace(net)

    net(X).sum()
    assert heard(tracing) == ["linear", "relu"]

    tracing.stepped(1, waits=False)
    net(X)
    assert heard(tracing) is None
    assert hooks_on(net) == 0


def test_something_new_is_heard_when_there_is_time(trace):
    net, pace = model(), Pace()
    tracing = trace(net, pace=pace)
    net(X)

    tracing.stepped(1, waits=True)
    assert tracing.is_wanted

    pace.spend(1.0)
    tracing.stepped(2, waits=True)
    assert not tracing.is_wanted


def test_every_so_many_steps_it_is_heard_whatever_it_costs(trace):
    net, pace = model(), Pace()
    pace.spend(1.0)
    tracing = trace(net, every=4, pace=pace)

    wanted = []
    for step in range(9):
        wanted.append(tracing.is_wanted)
        net(X)
        tracing.stepped(step + 1, waits=False)

    assert [step for step, is_wanted in enumerate(wanted) if is_wanted] == [0, 4, 8]


def test_evaluation_and_what_backward_runs_again_are_not_heard(trace):
    net = model()
    tracing = trace(net)

    with torch.no_grad():
        net(X)
    tracing.operations.paused = True
    net(X)

    assert heard(tracing) is None


def test_an_exception_takes_the_mode_off(trace):
    net = model()
    tracing = trace(net)

    with pytest.raises(RuntimeError):
        net(torch.ones(1, 3))

    assert stack() == []
    net(X)
    assert heard(tracing)[-2:] == ["linear", "relu"]


class Interrupted(nn.Module):
    def forward(self, x):
        raise KeyboardInterrupt


def test_an_interrupt_leaves_it_on_until_the_step_at_most(trace):
    net = Interrupted()
    tracing = trace(net)
    with pytest.raises(KeyboardInterrupt):
        net(X)

    tracing.stepped(1, waits=False)

    assert stack() == []


class Recursive(nn.Module):
    def forward(self, x, depth=2):
        x = self(x, depth - 1) if depth else x
        return x * 2


def test_a_model_that_calls_itself_is_heard_to_its_end(trace):
    net = Recursive()
    tracing = trace(net)
    net(X)

    assert heard(tracing) == ["mul"] * 3


def test_parts_of_a_container_are_heard_each(trace):
    nets = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    tracing = trace(nets)
    nets["b"](nets["a"](X))

    assert heard(tracing) == ["linear", "linear"]


def test_another_thread_is_left_alone(trace):
    net = model()
    tracing = trace(net)
    thread = threading.Thread(target=lambda: [net(X), tracing.leave()])
    with torch.enable_grad():
        tracing.enter()
        thread.start()
        thread.join()
        torch.ones(1)
        assert len(stack()) == 1
        tracing.leave()

    assert heard(tracing) == ["ones"]


def test_what_the_user_asked_for_goes_on_over_steps(trace):
    tracing = trace(None)
    assert tracing.enter()
    assert not tracing.enter()
    torch.ones(1)
    tracing.stepped(1, waits=False)
    assert heard(tracing) == []

    torch.zeros(1)
    assert (heard(tracing), tracing.by_hand) == (["zeros"], True)

    tracing.leave()
    tracing.stepped(2, waits=False)
    assert (heard(tracing), tracing.by_hand) == (None, False)


class Entering(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("is_first", [True, False])
def test_hooks_of_the_user_that_change_modes_are_not_disturbed(trace, is_first):
    net, theirs = model(), Entering()

    def hook():
        net.register_forward_pre_hook(lambda *_: theirs.__enter__() and None)
        net.register_forward_hook(lambda *_: theirs.__exit__(None, None, None))

    if is_first:
        hook()
    tracing = trace(net)
    if not is_first:
        hook()
    net(X)

    assert stack() == []
    assert heard(tracing)[:2] == ["linear", "relu"]


def test_nothing_is_heard_while_torch_jit_traces_or_a_transform_runs(trace):
    net = model()
    tracing = trace(net)

    with pytest.warns(DeprecationWarning, match="jit.trace"):
        torch.jit.trace(net, X)
    torch.func.vmap(net)(X)
    torch.export.export(net, (X,))

    assert heard(tracing) is None


def test_attention_that_has_a_fast_path_keeps_it(trace):
    layer = nn.TransformerEncoderLayer(4, 2, batch_first=True)
    tracing = trace(layer.eval())
    layer(torch.ones(1, 3, 4))

    assert takes_fast_path(layer)
    assert heard(tracing) is None


def test_a_model_that_is_or_may_be_compiled_gets_no_hooks(trace):
    compiled = model()
    compiled.compile(backend="eager")
    trace(compiled)
    assert hooks_on(compiled) == 0

    torch.compile(lambda x: x + 1, backend="eager")
    net = model()
    trace(net)
    assert hooks_on(net) == 0
    torch._dynamo.reset()


def test_a_root_that_is_never_called_is_asked_less_and_less(trace):
    net = model()
    tracing = trace(net)

    wanted = []
    for step in range(40):
        wanted.append(tracing.is_wanted)
        tracing.stepped(step + 1, waits=True)

    assert [step for step, is_wanted in enumerate(wanted) if is_wanted] == [0, 1, 4, 11, 26]
