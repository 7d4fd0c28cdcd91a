"""When modules are listened to, what of it stays, and that nothing of the training changes."""

import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters
from torch.utils.checkpoint import checkpoint

import vizkit
from vizkit.hooks.activity import Activity
from vizkit.hooks.guard import Guard
from vizkit.hooks.silent_run import SilentRun

TAGS = {
    "activation_mean",
    "activation_std",
    "activation_zeros",
    "activation_nonfinite",
    "forward_ms",
    "backward_ms",
    "memory_bytes",
}


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()
    counters.clear()


def mlp():
    return nn.Sequential(nn.Linear(6, 16), nn.Dropout(0.5), nn.ReLU(inplace=True), nn.Linear(16, 3))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(6, 2, 16, batch_first=True)
        self.encoder, self.lstm = nn.TransformerEncoder(layer, 2), nn.LSTM(6, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.lstm(self.encoder(x.view(-1, 2, 6)))[0])


class Checkpointed(nn.Module):
    def __init__(self, reentrant=False):
        super().__init__()
        self.inp, self.body, self.reentrant = nn.Linear(6, 8), mlp_of(8), reentrant

    def forward(self, x):
        return checkpoint(self.body, self.inp(x), use_reentrant=self.reentrant)


def mlp_of(width):
    return nn.Sequential(nn.Linear(width, 8), nn.Dropout(0.5), nn.Tanh(), nn.Linear(8, 3))


def amp(model, x):
    with torch.autocast("cpu", torch.bfloat16):
        return model(x)


def train(model, steps, validate=True, forward=lambda model, x: model(x)):
    """Train and validate; return losses, weights and the state of the random numbers."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for step in range(steps):
        for seed in range(2):
            x = torch.randn(4, 6, generator=torch.Generator().manual_seed(10 * step + seed))
            loss = forward(model, x).float().square().mean()
            loss.backward()
            losses.append(loss.detach())
        optimizer.step()
        optimizer.zero_grad()
        if validate:
            model.eval()
            with torch.inference_mode():
                losses.append(model(torch.ones(4, 6)).mean().clone())
            model.train()
    return [*losses, *[p.detach().clone() for p in model.parameters()], torch.get_rng_state()]


def hooks_on(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def steps_of(record, tag="activation_mean"):
    return [step for step in record.steps if record.norms(step, tag)]


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize(
    ("make", "forward"),
    [
        (mlp, lambda model, x: model(x)),
        (mlp, amp),
        (Encoder, lambda model, x: model(x)),
        (Checkpointed, lambda model, x: model(x)),
        (lambda: Checkpointed(reentrant=True), lambda model, x: model(x.requires_grad_())),
    ],
    ids=["mlp", "amp", "encoder", "checkpoint", "reentrant"],
)
def test_a_watched_training_is_the_unwatched_one_bit_for_bit(record, watching, make, forward):
    def run(watch):
        torch.manual_seed(0)
        model = make()
        if watch:
            watching(model, activations_every=2)
        return train(model, 5, forward=forward)

    watched, unwatched = run(True), run(False)

    assert all(torch.equal(a, b) for a, b in zip(watched, unwatched, strict=True))
    assert steps_of(record) == [0, 2, 4]


def test_each_nth_step_and_the_first_are_recorded(record, watching):
    model = mlp()
    watching(model, activations_every=3, start_step=7)

    train(model, 7)

    assert steps_of(record) == [7, 9, 12]
    assert {tag.split("/")[0] for tag in record.steps[9]} >= TAGS


def test_each_step_can_be_recorded(record, watching):
    model = mlp()
    watching(model, activations_every=1)

    train(model, 4)

    assert steps_of(record) == [0, 1, 2, 3]


def test_without_being_asked_for_nothing_is_recorded(record, watching):
    model = mlp()
    handle = watching(model)

    train(model, 2)

    assert handle._activity is None
    assert not {tag.split("/")[0] for row in record.steps.values() for tag in row} & TAGS


def test_other_ranks_and_raw_tensors_record_nothing(record, watching, tmp_path):
    model = mlp()
    weight = torch.ones(3, requires_grad=True)

    assert watching(model, activations_every=1, run=SilentRun(tmp_path))._activity is None
    assert watching([weight], activations_every=1)._activity is None


def test_modules_have_hooks_only_while_a_due_step_runs_forward(record, watching):
    model = mlp()
    handle = watching(model, activations_every=3, graph=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step():
        seen = []
        probe = model[0].register_forward_hook(lambda *args: seen.append(hooks_on(model) - 1))
        model(torch.ones(2, 6)).mean().backward()
        probe.remove()
        optimizer.step()
        return seen[0], hooks_on(model)

    step()
    quiet, due = [step() for _ in range(2)], step()
    idle = quiet[0][0]

    # At rest only the model itself has hooks.
    assert all(each == (idle, idle) for each in quiet)
    assert due == (idle + 2 * 4, idle)
    model[0].register_forward_hook(print).remove()
    handle.close()
    assert hooks_on(model) == 0


def test_evaluation_meets_no_hooks(record, watching):
    model = mlp()
    watching(model, activations_every=1, graph=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        model(torch.ones(2, 6)).mean().backward()
        optimizer.step()
    during = hooks_on(model)

    with torch.no_grad():
        model(torch.ones(2, 6))

    assert hooks_on(model) == during - 2 * 4


def test_a_model_that_is_never_called_itself_is_heard(record, watching):
    parts = nn.ModuleDict({"encoder": nn.Linear(6, 4), "decoder": nn.Sequential(nn.Linear(4, 6))})
    watching(parts, activations_every=2)
    optimizer = torch.optim.SGD(parts.parameters(), lr=0.1)

    for _ in range(3):
        parts["decoder"](parts["encoder"](torch.ones(2, 6))).mean().backward()
        optimizer.step()

    assert steps_of(record) == [0, 2]
    assert set(record.norms(2, "forward_ms")) == {"encoder", "decoder", "decoder.0"}


def test_a_module_whose_parts_are_called_instead_is_heard_a_little_later(record, watching):
    class Lightning(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = mlp()

        def forward(self, x):
            return self.net(x)

    model = Lightning()
    watching(model, activations_every=10)

    train(model.net, 4)

    assert steps_of(record) == [2]
    assert "net.3" in record.norms(2, "activation_mean")


def test_a_step_beyond_the_budget_is_put_off(record, watching, monkeypatch):
    model = mlp()
    handle = watching(model, activations_every=2, budget=0.1)
    savings = handle._activity._savings
    answers = [True, False]
    monkeypatch.setattr(savings, "allow", lambda cost: answers.pop(0) if answers else True)

    train(model, 10)

    # Due were 0, 2, 4 ...; asked after the steps 1, 3, ..., and after each one while one waits.
    assert steps_of(record) == [0, 2, 5, 6, 8]


def test_what_it_cost_is_paid(record, watching):
    model = mlp()
    handle = watching(model, activations_every=4, budget=0.1)

    train(model, 1)

    activity = handle._activity
    assert 0 < activity._cost < 0.5
    assert not activity._savings.allow(1e9)
    assert activity._pace.total == 0.0


def test_names_stay_and_grow_where_other_modules_run(record, watching):
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 2), nn.Linear(6, 2)
            self.turn = 0

        def forward(self, x):
            self.turn += 1
            return (self.a if self.turn <= 2 else self.b)(x)

    model = Branching()
    watching(model, activations_every=1)

    train(model, 3, validate=False)

    assert set(record.norms(0, "forward_ms")) == {"(model)", "a"}
    last = record.norms(2, "forward_ms")
    assert np.isnan(last["a"])
    assert last["b"] > 0


def test_nothing_of_the_training_is_kept_alive(record, watching):
    model = mlp()
    kept = []
    model[0].register_forward_hook(lambda m, i, o: kept.append(weakref.ref(o)))
    watching(model, activations_every=1)
    gc.collect()
    gc.disable()
    try:
        train(model, 3, validate=False)
        assert not any(each() is not None for each in kept)
    finally:
        gc.enable()


def test_the_model_is_not_kept_alive(record):
    model = mlp()
    vizkit.watch(model, run=record, activations_every=1)
    train(model, 2, validate=False)
    gone = weakref.ref(model[0])

    del model
    gc.collect()

    assert gone() is None


def test_a_failure_ends_it_and_not_the_training(record, watching, lenient, monkeypatch):
    def fail(self, place, output):
        raise ValueError("oh no")

    monkeypatch.setattr("vizkit.hooks.activity_tally.Tally.add", fail)
    model = mlp()
    watching(model, graph=False)
    train(model, 1)
    others = hooks_on(model)
    watching(model, activations_every=1, graph=False)

    with pytest.warns(UserWarning, match="no longer collects 'activity'"):
        train(model, 3)

    assert steps_of(record) == []
    # Each of the two watches has one on the model itself.
    assert hooks_on(model) == 2 * others


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x):
        return self.fc(x).relu() + x


class Breaking(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.b = Block(), nn.Linear(6, 1)

    def forward(self, x):
        h = self.block(x)
        scale = h.detach().sum().item()
        return self.b(h) * (1.0 if scale > -1e9 else 2.0)


def compiled(how):
    torch.manual_seed(3)
    model = Breaking()
    if how == "whole":
        return torch.compile(model, backend="aot_eager")
    if how == "regional":
        model.block.compile(backend="aot_eager")
    if how == "function":
        model.block.forward = torch.compile(model.block.forward, backend="aot_eager")
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ["whole", "regional", "function"])
@pytest.mark.parametrize("every", [1, 3])
def test_compiled_models_are_compiled_as_without_us(record, watching, how, every):
    def counted(model):
        torch._dynamo.reset()
        counters.clear()
        train(model, 8)
        return {name: dict(counters[name]) for name in ("frames", "stats", "graph_break")}

    bare = counted(compiled(how))
    model = compiled(how)
    handle = watching(model, activations_every=every)
    watched = counted(model)
    handle.close()

    assert watched == bare
    # What is not compiled goes on being recorded.
    seen = record.norms(0 if every == 3 else 7, "activation_mean")
    assert "(model)" in seen
    assert ("b" in seen) == (how != "whole")
    assert steps_of(record) == list(range(0, 8, every))
    assert hooks_on(model) == 0


def test_where_backward_is_compiled_no_node_gets_a_hook(record, watching, monkeypatch):
    module = pytest.importorskip("torch._dynamo.compiled_autograd")
    monkeypatch.setattr(module, "compiled_autograd_enabled", True)
    model = mlp()
    watching(model, activations_every=1)

    loss = model(torch.ones(2, 6)).mean()
    probe = loss.grad_fn.next_functions[0][0].register_prehook(lambda *gradients: None)

    assert len(probe.hooks_dict_ref()) == 1


def test_it_begins_with_what_the_settings_say(record):
    model = mlp()

    activity = Activity(model, Guard(), record.log, 5, within_budget=True)

    assert activity._pace.is_free is False
    assert hooks_on(model) == 2
    activity.close()
    assert hooks_on(model) == 0
