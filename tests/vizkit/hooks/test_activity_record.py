"""Values against plain forward hooks of the test's own, for every way modules are called."""

import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

STATISTICS = ("activation_mean", "activation_std", "activation_zeros", "activation_nonfinite")


def train(model, loss_of, steps=1):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    for step in range(steps):
        optimizer.zero_grad()
        loss_of(model, step).backward()
        optimizer.step()


def outputs_of(model, run):
    """Return the outputs of each module's calls, by name, heard with hooks of the test's own."""
    found = {}

    def hear(name):
        def hook(module, inputs, output):
            kept = [t.detach().double().flatten().numpy().copy() for t in leaves(output)]
            found.setdefault(name or "(model)", []).extend(kept)

        return hook

    handles = [m.register_forward_hook(hear(name)) for name, m in model.named_modules()]
    run()
    for handle in handles:
        handle.remove()
    return {name: np.concatenate(parts) for name, parts in found.items() if parts}


def leaves(output):
    if isinstance(output, torch.Tensor):
        return [output] if output.is_floating_point() else []
    if isinstance(output, dict):
        output = list(output.values())
    if hasattr(output, "__dataclass_fields__"):
        output = list(vars(output).values())
    if not isinstance(output, (list, tuple)):
        return []
    return [leaf for each in output for leaf in leaves(each)]


def by_hand(values):
    finite = values[np.isfinite(values)]
    lost = values.size - finite.size
    return [finite.mean(), finite.std(), (values == 0).mean(), lost]


def found(record, step=0):
    """Return the four statistics by module."""
    rows = [record.norms(step, tag) for tag in STATISTICS]
    return {name: [row[name] for row in rows] for name in rows[0]}


def check(record, watching, model, loss_of, **options):
    """Watch a step of training, and compare it with what the test's own hooks heard."""
    handle = watching(model, activations_every=1, **options)
    expected = outputs_of(model, lambda: train(model, loss_of))
    handle.close()

    actual = {name: row for name, row in found(record).items() if not np.isnan(row).any()}
    assert set(actual) == set(expected)
    for name, values in expected.items():
        assert actual[name] == pytest.approx(by_hand(values), rel=2e-4, abs=1e-7), name
    return actual


def x(rows=4, columns=8, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def test_layers_have_the_statistics_of_their_outputs(record, watching):
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Sequential(nn.Linear(32, 8), nn.Tanh()))

    actual = check(record, watching, model, lambda model, step: model(x(64)).mean())

    assert list(actual) == ["(model)", "0", "1", "2", "2.0", "2.1"]
    assert 0.3 < actual["1"][2] < 0.7


def test_dead_units_are_zeros_and_broken_ones_are_counted(record, watching):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.dead, self.log = nn.Sequential(nn.Linear(8, 8), nn.ReLU()), nn.LogSigmoid()
            nn.init.constant_(self.dead[0].bias, -100.0)

        def forward(self, x):
            dead = self.dead(x)
            return self.log(x.log()).nan_to_num(0.0, 0.0, 0.0) + dead

    actual = check(record, watching, Broken(), lambda model, step: model(x()).mean())

    assert actual["dead"] == [0.0, 0.0, 1.0, 0.0]
    assert actual["log"][3] == (x() < 0).sum()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_precisions(record, watching, dtype):
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU()).to(dtype)

    check(record, watching, model, lambda model, step: model(x().to(dtype)).mean())


def test_autocast(record, watching):
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU())

    def loss_of(model, step):
        with torch.autocast("cpu", torch.bfloat16):
            return model(x()).float().mean()

    check(record, watching, model, loss_of)


@dataclass
class Result:
    scores: torch.Tensor
    parts: tuple
    best: torch.Tensor
    nothing: None = None


class Odd(nn.Module):
    """Outputs of all forms; keywords only."""

    def __init__(self):
        super().__init__()
        self.embed, self.gru = nn.Embedding(10, 8), nn.GRU(8, 8, batch_first=True)
        self.same, self.head = nn.Identity(), nn.Linear(8, 3)

    def forward(self, *, words):
        states, last = self.gru(self.same(self.embed(words)))
        scores = self.head(last[0])
        return Result(scores, (states, {"last": last}), scores.argmax(1))


def test_outputs_of_any_form_are_pooled(record, watching):
    words = torch.arange(12).reshape(3, 4) % 10

    actual = check(
        record, watching, Odd(), lambda model, step: model(words=words).scores.square().mean()
    )

    assert actual["same"] == actual["embed"]


def test_outputs_without_floating_numbers_are_left_out(record, watching):
    class Best(nn.Module):
        def forward(self, x):
            return x.argmax(-1)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.best, self.fc = Best(), nn.Linear(8, 2)

        def forward(self, x):
            self.best(x)
            return self.fc(x)

    model = Model()
    watching(model, activations_every=1)
    train(model, lambda model, step: model(x()).mean())

    actual = found(record)
    assert np.isnan(actual["best"]).all()
    assert not np.isnan(actual["fc"]).any()


def test_calls_of_one_step_are_pooled_and_their_times_added(record, watching):
    class Slow(nn.Module):
        def forward(self, x):
            time.sleep(0.01)
            return x * 2

    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.slow = nn.Linear(8, 8), Slow()

        def forward(self, x):
            return self.slow(self.fc(self.slow(self.fc(x))))

    check(record, watching, Twice(), lambda model, step: model(x()).mean())

    times = record.norms(0, "forward_ms")
    assert 20 <= times["slow"] <= times["(model)"]
    assert times["fc"] < times["slow"]


def test_accumulated_micro_batches_are_one_step(record, watching):
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())

    def loss_of(model, step):
        for seed in range(3):
            model(x(seed=seed)).mean().backward()
        return model(x(seed=3)).mean()

    check(record, watching, model, loss_of)

    # What one pass keeps is gone before the next one: its input, and what ReLU gave.
    assert record.norms(0, "memory_bytes")["(model)"] == 2 * 4 * 8 * 4


def test_passes_that_wait_for_one_backward_pass_keep_together(record, watching):
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())

    watching(model, activations_every=1)
    train(model, lambda model, step: sum(model(x(seed=seed)).mean() for seed in range(3)))

    assert record.norms(0, "memory_bytes") == {"(model)": 768, "0": 384, "1": 384}


def test_validation_is_not_the_training(record, watching):
    model = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())

    def validating(model, step):
        loss = model(x()).mean()
        with torch.no_grad():
            model(x(seed=5))
            model[0](x(seed=6))
        with torch.inference_mode():
            model(x(seed=7))
        return loss

    watching(model, activations_every=1)
    expected = outputs_of(model, lambda: model(x()))
    model[1].reset_running_stats()
    train(model, validating)

    actual = found(record)
    assert actual["0"] == pytest.approx(by_hand(expected["0"]), rel=1e-4)
    assert actual["(model)"] == pytest.approx(by_hand(expected["(model)"]), rel=1e-4)


def test_a_frozen_part_inside_the_model_is_recorded(record, watching):
    class Tuned(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.Linear(8, 8), nn.Linear(8, 2)
            self.body.requires_grad_(False)

        def forward(self, x):
            with torch.no_grad():
                features = self.body(x)
            return self.head(features)

    check(record, watching, Tuned(), lambda model, step: model(x()).mean())

    assert np.isnan(record.norms(0, "backward_ms")["body"])
    assert record.norms(0, "memory_bytes") == {"(model)": 128, "body": 0, "head": 128}


class Counting(nn.Module):
    """Gives the number of its call, so that a second one shows."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return 0 * x + self.calls


class Checkpointed(nn.Module):
    def __init__(self, reentrant):
        super().__init__()
        self.inp, self.out, self.reentrant = nn.Linear(8, 8), nn.Linear(8, 1), reentrant
        self.block = nn.Sequential(Counting(), nn.Linear(8, 8), nn.Tanh())

    def forward(self, x):
        return self.out(checkpoint(self.block, self.inp(x), use_reentrant=self.reentrant))


def by_grad(loss, model):
    parameters = list(model.parameters())
    for parameter, gradient in zip(
        parameters, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True
    ):
        parameter.grad = gradient


@pytest.mark.parametrize("reentrant", [False, True])
def test_what_a_checkpoint_runs_again_is_not_counted_again(record, watching, reentrant):
    model = Checkpointed(reentrant)
    watching(model, activations_every=1)

    train(model, lambda model, step: model(x()).mean())

    assert model.block[0].calls == 2
    assert found(record)["block.0"] == [1.0, 0.0, 0.0, 0.0]
    memory = record.norms(0, "memory_bytes")
    assert memory["block"] == memory["block.2"] == 0
    # The input of a reentrant checkpoint is kept by autograd, that of the other one by its caller.
    assert memory["(model)"] == 128 + 128 + (128 if reentrant else 0)


def test_so_it_is_where_gradients_are_asked_for(record, watching):
    model = Checkpointed(reentrant=False)
    watching(model, activations_every=1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    by_grad(model(x()).mean(), model)
    optimizer.step()

    assert model.block[0].calls == 2
    assert found(record)["block.0"] == [1.0, 0.0, 0.0, 0.0]
    assert record.norms(0, "backward_ms")["inp"] > 0


class Failing(nn.Module):
    """Raises behind its first layer, where that is wanted."""

    def __init__(self):
        super().__init__()
        self.fc, self.last, self.fails = nn.Linear(8, 8), nn.ReLU(), True

    def forward(self, x):
        h = self.fc(x)
        if self.fails:
            raise RuntimeError("out of memory")
        return self.last(h)


def test_a_forward_pass_that_raised_is_not_counted(record, watching):
    model = Failing()
    expected = {}

    def loss_of(model, step):
        model.fails = True
        with pytest.raises(RuntimeError, match="out of memory"):
            model(x(seed=1))
        model.fails = False
        losses = []
        expected.update(outputs_of(model, lambda: losses.append(model(x(seed=2)).mean())))
        return losses[0]

    watching(model, activations_every=1)
    train(model, loss_of)

    assert found(record)["fc"] == pytest.approx(by_hand(expected["fc"]), rel=1e-4)
    assert set(found(record)) == {"(model)", "fc", "last"}


class Hardened(nn.Module):
    """Goes on without what raised inside it."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = Failing(), nn.Linear(8, 2)

    def forward(self, x):
        try:
            x = self.inner(x)
        except RuntimeError:
            x = x * 2
        return self.head(x)


def test_what_raised_inside_a_pass_leaves_the_rest(record, watching):
    model = Hardened()

    check(record, watching, model, lambda model, step: model(x()).mean())

    times = record.norms(0, "forward_ms")
    assert "inner" not in times or np.isnan(times["inner"])
    assert times["head"] > 0


def test_a_retry_after_an_error_is_like_a_first_try(record, watching):
    model = Failing()

    def retried(model, step):
        try:
            return model(x(8)).mean()
        except RuntimeError:
            # Inside the handling of the first error, as a retry with half the batch would be.
            model.fails = False
            return model(x(4)).mean()

    watching(model, activations_every=1)
    train(model, retried)

    assert set(found(record)) == {"(model)", "fc", "last"}
    assert record.norms(0, "memory_bytes")["fc"] == 4 * 8 * 4


def test_an_interrupt_leaves_nothing_open(record, watching):
    class Interrupted(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.calls = nn.Linear(8, 8), 0

        def forward(self, x):
            self.calls += 1
            if self.calls == 1:
                raise KeyboardInterrupt
            return self.fc(x)

    model = nn.Sequential(Interrupted(), nn.ReLU())
    watching(model, activations_every=1)
    with pytest.raises(KeyboardInterrupt):
        model(x())

    train(model, lambda model, step: model(x()).mean(), 2)

    assert set(found(record, 1)) == {"(model)", "0", "0.fc", "1"}
    assert record.norms(1, "memory_bytes")["(model)"] == 256


def test_a_graph_that_is_kept_runs_backward_twice(record, watching):
    class Slow(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x * 2

        @staticmethod
        def backward(context, gradient):
            time.sleep(0.01)
            return gradient * 2

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            return Slow.apply(self.fc(x))

    def twice(model, step):
        loss = model(x()).mean()
        loss.backward(retain_graph=True)
        return loss

    watching(model := Model(), activations_every=1)
    train(model, twice)

    times = record.norms(0, "backward_ms")
    assert times["(model)"] > 20
    assert 0 < times["fc"] < times["(model)"]


def test_a_graph_that_is_kept_beyond_its_step_has_no_hooks(record, watching):
    model = nn.Linear(8, 8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watching(model, activations_every=100)

    loss = model(x()).mean()
    loss.backward(retain_graph=True)
    optimizer.step()
    probe = loss.grad_fn.next_functions[0][0].register_hook(lambda *gradients: None)

    assert "backward_ms/(model)" in record.steps[0]
    assert len(probe.hooks_dict_ref()) == 1


def test_shared_and_recursive_modules_count_their_time_once(record, watching):
    class Tree(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x, depth):
            x = self.fc(x)
            if not depth:
                time.sleep(0.01)
                return x
            return self(x, depth - 1)

    watching(model := Tree(), activations_every=1)
    train(model, lambda model, step: model(x(), 3).mean())

    whole = record.norms(0, "forward_ms")["(model)"]
    # Three calls are inside others and share the 10 ms of the innermost one.
    assert 10 <= whole < record.steps[0].get("perf/step_ms", 40)
    assert record.norms(0, "memory_bytes") == {"(model)": 512, "fc": 512}


def test_lstms_and_transformers(record, watching):
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(8, 8, 2, batch_first=True)
            layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            h = self.encoder(self.lstm(x)[0])
            return self.attention(h, h, h)[0]

    model = Both()
    batch = torch.randn(3, 5, 8)

    check(record, watching, model, lambda model, step: model(batch).square().mean())

    times = record.norms(0, "backward_ms")
    assert all(times[name] > 0 for name in ("lstm", "encoder", "encoder.layers.1.linear2"))
    assert times["encoder"] <= times["(model)"]
    assert record.norms(0, "memory_bytes")["lstm"] > 3 * 5 * 8 * 4


def test_encoders_that_evaluate_keep_their_fused_kernels(record, watching):
    """Hooks would switch them off: the training would not be the same bit for bit."""

    class Frozen(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.text = nn.TransformerEncoder(layer, 1).eval().requires_grad_(False)
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.text(x))

    model, seen = Frozen(), []
    watching(model, activations_every=1)
    original = torch._transformer_encoder_layer_fwd

    def counted(*args, **kwargs):
        seen.append(1)
        return original(*args, **kwargs)

    torch._transformer_encoder_layer_fwd = counted
    try:
        train(model, lambda model, step: model(torch.randn(2, 3, 8)).mean(), 2)
    finally:
        torch._transformer_encoder_layer_fwd = original

    assert len(seen) == 2
    assert set(found(record)) == {"(model)", "text", "head"}


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_transforms_and_tracing_inside_a_step_do_no_harm(record, watching):
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
    weights = dict(model.named_parameters())

    def loss_of(model, step):
        torch.func.vmap(lambda row: torch.func.functional_call(model, weights, (row,)))(x())
        torch.func.grad(lambda w: torch.func.functional_call(model, w, (x(),)).sum())(weights)
        torch.jit.trace(model, x())
        return model(x()).mean()

    watching(model, activations_every=1)
    train(model, loss_of)

    assert set(found(record)) == {"(model)", "0", "1"}
    assert record.norms(0, "memory_bytes")["(model)"] == 256


def test_function_modes_see_what_they_see_without_us(record, watching):
    class Listening(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.heard = []

        def __torch_function__(self, function, types, args=(), kwargs=None):
            self.heard.append(function)
            return function(*args, **(kwargs or {}))

    def heard(model):
        with Listening() as mode:
            train(model, lambda model, step: model(x()).mean(), 2)
        return mode.heard

    bare = heard(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    watching(model, graph=False)
    watched = heard(model)
    watching(model, activations_every=1, graph=False)

    # Watching the rest asks for a thing or two.
    assert set(heard(model)) == set(watched) > set(bare)


def test_a_graph_that_is_too_large_has_no_memory_and_no_backward_times(
    record, watching, monkeypatch
):
    monkeypatch.setattr("vizkit.hooks.graph_walk.deepest", lambda: 3)
    model = nn.Sequential(*[nn.Linear(8, 8) for _ in range(4)])

    watching(model, activations_every=1)
    train(model, lambda model, step: model(x()).mean())

    assert record.norms(0, "forward_ms")["(model)"] > 0
    assert record.norms(0, "backward_ms") == record.norms(0, "memory_bytes") == {}


def test_a_chain_that_grows_from_step_to_step_is_touched_only_so_often(record, watching):
    """Freeing many nodes that Python touched overflows the stack."""
    model = nn.Sequential(*[nn.Tanh() for _ in range(100)], nn.Linear(8, 8))
    state = x()

    def endless(model, step):
        nonlocal state
        state = model(state)
        return state.mean()

    handle = watching(model, activations_every=1, graph=False)
    handle._activity._record._touchable = 250
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    for step in range(6):
        optimizer.zero_grad()
        by_grad(endless(model, step), model[100]) if step == 0 else model[100].zero_grad()
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()

    seen = [step for step in range(6) if record.norms(step, "memory_bytes")]
    assert seen[0] == 0
    assert 5 not in seen


def test_a_call_on_another_thread_is_not_the_trainings(record, watching):
    from threading import Thread

    class Elsewhere(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.other = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            thread = Thread(target=self.other, args=(x,))
            thread.start()
            thread.join()
            return self.fc(x)

    model = Elsewhere()
    watching(model, activations_every=1)
    train(model, lambda model, step: model(x()).mean())

    assert set(found(record)) == {"(model)", "fc"}
