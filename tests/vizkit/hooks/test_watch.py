import copy
import gc
import math
import threading
import weakref

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import vizkit
from vizkit.errors import UsageError, VizkitWarning
from vizkit.hooks import patches
from vizkit.testing import wait_until


def mlp():
    return nn.Sequential(nn.Linear(6, 16), nn.Dropout(0.5), nn.ReLU(), nn.Linear(16, 3))


def cnn():
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3)
    return nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Upsample(scale_factor=3), *layers)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(3, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.lstm(x.view(-1, 2, 3))[0][:, -1])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(3, 8)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(self.lift(x.view(-1, 2, 3))).mean(1))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "adamw": lambda p: torch.optim.AdamW(p, 1e-2),
    "fused": lambda p: torch.optim.AdamW(p, 1e-2, fused=True),
    "lbfgs": lambda p: torch.optim.LBFGS(p, max_iter=3),
}


def train(make, optimizer, run, clip=False, amp=False):
    """Train 5 steps and return weights, losses and the state of the random numbers."""
    torch.manual_seed(0)
    x, y = torch.randn(5, 12, 6), torch.randint(3, (5, 12))
    model, criterion = make(), nn.CrossEntropyLoss()
    model(x[0])
    optimizer = OPTIMIZERS[optimizer](model.parameters())
    scaler = torch.amp.GradScaler("cpu", enabled=amp)
    handle = run and vizkit.watch(model, optimizer, run=run, criterion=criterion, weights_every=2)
    losses = []
    for inputs, labels in zip(x, y, strict=True):

        def closure(inputs=inputs, labels=labels):
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            scaler.scale(loss).backward()
            losses.append(loss.item())
            return loss

        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(closure)
            continue
        closure()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        scaler.step(optimizer)
        scaler.update()
    if handle:
        handle.close()
    return [*model.state_dict().values(), torch.tensor(losses), torch.get_rng_state()]


@pytest.mark.parametrize("make", [mlp, cnn, Recurrent, Attention])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_watched_training_is_bit_for_bit_the_unwatched_one(record, make, optimizer):
    watched, unwatched = train(make, optimizer, record), train(make, optimizer, None)

    assert all(torch.equal(a, b) for a, b in zip(watched, unwatched, strict=True))
    assert len(record.steps) == 5


@pytest.mark.parametrize("options", [{"clip": True}, {"amp": True}, {"clip": True, "amp": True}])
@pytest.mark.parametrize("optimizer", ["adamw", "fused"])
def test_so_it_is_with_clipping_and_amp(record, optimizer, options):
    watched = train(mlp, optimizer, record, **options)
    unwatched = train(mlp, optimizer, None, **options)

    assert all(torch.equal(a, b) for a, b in zip(watched, unwatched, strict=True))


def test_a_run_of_its_own_is_written_and_closed(tmp_path, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    with vizkit.watch(model, optimizer, logdir=tmp_path, name="digits", config={"a": 1}) as watch:
        problem.loss(model).backward()
        optimizer.step()
        watch.log({"val/accuracy": 0.5})
        watch.run.flush()

    assert watch.run.folder == tmp_path / "digits"
    assert list((tmp_path / "digits").glob("events.out.tfevents.*"))
    assert watch.current_step == 0


def test_a_run_of_the_users_goes_on_where_it_is_and_stays_open(record, watching, problem):
    record.start_step, record.last_step = 5, 41
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    watch = watching(model, optimizer)
    problem.loss(model).backward()
    optimizer.step()
    watch.close()

    assert record.log_calls == [42]


def test_what_the_user_logs_lands_at_the_step_under_way(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = watching(model, optimizer)

    for step in range(3):
        problem.loss(model).backward()
        watch.log({"before": step})
        optimizer.step()
        watch.log({"after": step})

    assert [(row["before"], row["after"]) for row in record.steps.values()] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_every_third_step_only(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer, every=3, weights_every=6)

    for _ in range(10):
        problem.loss(model).backward()
        optimizer.step()

    assert record.log_calls == [0, 3, 6, 9]
    assert [step for step, row in record.steps.items() if "weight_norm/0.bias" in row] == [0, 6]


def test_pace_samples_and_our_own_share(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer)

    for _ in range(3):
        with torch.no_grad():
            model(torch.randn(1000, 4))
        problem.loss(model, slice(8)).backward()
        problem.loss(model, slice(8)).backward()
        optimizer.step()

    assert "perf/step_ms" not in record.steps[0]
    for row in list(record.steps.values())[1:]:
        assert row["perf/samples_per_s"] == pytest.approx(16e3 / row["perf/step_ms"])
        assert 0 < row["perf/vizkit_share"] < 1


def test_the_rate_is_the_one_of_the_step_whatever_the_schedule_does(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    watching(model, optimizer)

    for _ in range(3):
        problem.loss(model).backward()
        optimizer.step()
        schedule.step()

    assert record.series("lr") == [1, 1 / 2, 1 / 3]


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing_gives_one_loss(watching, record, problem, reentrant):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    watching(model)
    expected = problem.norms(model)
    x = problem.x.clone().requires_grad_()

    output = checkpoint(model, x, use_reentrant=reentrant)
    loss = nn.functional.mse_loss(output, problem.y)
    loss.backward()
    optimizer.step()

    assert record.series("loss") == [loss.item()]
    assert record.norms(0) == pytest.approx(expected)


def test_a_gradient_penalty_gives_one_loss(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)
    x = problem.x.clone().requires_grad_()

    y = model(x)
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    loss = nn.functional.mse_loss(y, problem.y) + slope.square().mean()
    loss.backward()
    optimizer.step()

    assert record.series("loss") == [loss.item()]


def test_two_backward_passes_over_one_graph_add_up(watching, record, problem, total):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)
    y = model(problem.x)
    first, second = nn.functional.mse_loss(y, problem.y), y.abs().mean()

    first.backward(retain_graph=True)
    second.backward()
    expected = {name: float(p.grad.double().norm()) for name, p in model.named_parameters()}
    optimizer.step()

    assert record.series("loss") == [first.item() + second.item()]
    assert record.series("grad_norm") == pytest.approx([total(expected)])


def test_a_backward_pass_from_no_scalar_has_norms_but_no_loss(watching, record, problem):
    model = problem.model()
    watching(model)
    y = model(problem.x)

    y.backward(torch.ones_like(y))
    torch.optim.SGD(model.parameters(), 0.1).step()

    assert "loss" not in record.steps[0]
    assert record.steps[0]["grad_norm"] > 0


def test_an_optimizer_made_later_with_groups_added_and_parameters_replaced(
    watching, record, problem
):
    model = problem.model()
    watching(model)

    model[0].weight = nn.Parameter(model[0].weight.detach().clone())
    optimizer = torch.optim.SGD(model[0].parameters(), 0.1)
    problem.loss(model).backward()
    optimizer.step()
    optimizer.add_param_group({"params": model[2].parameters(), "lr": 0.2, "name": "head"})
    optimizer.step()
    optimizer.step()

    assert {n for n, v in record.norms(0).items() if not math.isnan(v)} == {"0.weight", "0.bias"}
    assert not any(math.isnan(norm) for norm in record.norms(1).values())
    assert record.steps[1]["lr/head"] == 0.2


def test_parameters_that_the_model_does_not_have_are_shown_too(watching, record, problem):
    model, temperature = problem.model(), nn.Parameter(torch.ones(()))
    optimizer = torch.optim.SGD([*model.parameters(), temperature], 0.1)
    watching(model)

    (problem.loss(model) * temperature).backward()
    optimizer.step()

    assert record.steps[0]["grad_norm/SGD.0.4"] == pytest.approx(temperature.grad.item())


def test_two_trainings_in_two_threads_stay_apart(problem, record):
    records = [type(record)() for _ in range(2)]
    models = [problem.model() for _ in range(2)]
    first = problem.loss(models[0]).item()

    def work(run, model, factor):
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        with vizkit.watch(model, optimizer, run=run, budget=None):
            for _ in range(20):
                optimizer.zero_grad()
                (factor * problem.loss(model)).backward()
                optimizer.step()

    threads = [
        threading.Thread(target=work, args=args)
        for args in zip(records, models, (1, 2), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [run.log_calls for run in records] == [list(range(20))] * 2
    assert [run.steps[0]["loss"] for run in records] == pytest.approx([first, 2 * first])


def test_watching_twice_counts_once_in_each(watching, record, problem):
    other = type(record)()
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)
    watching(model, run=other)

    loss = problem.loss(model)
    loss.backward()
    optimizer.step()

    assert record.series("loss") == other.series("loss") == [loss.item()]


def test_closing_twice_ends_once_and_nothing_is_logged_after(record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = vizkit.watch(model, optimizer, run=record)

    watch.close()
    watch.close()
    watch.step()
    problem.loss(model).backward()
    optimizer.step()

    assert record.log_calls == []


def test_a_handle_that_nobody_keeps_goes_on_until_the_model_is_gone(record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    vizkit.watch(model, optimizer, run=record)
    gc.collect()

    problem.loss(model).backward()
    optimizer.step()
    gone = weakref.ref(model)
    del model, optimizer
    gc.collect()

    assert record.log_calls == [0]
    assert gone() is None
    wait_until(lambda: patches.listeners() == 0, timeout=5)


def test_a_module_made_for_the_call_only_may_die(record):
    layer = nn.Linear(4, 1)
    watch = vizkit.watch(nn.ModuleDict({"only": layer}), run=record)
    gc.collect()

    layer(torch.ones(2, 4)).sum().backward()
    torch.optim.SGD(layer.parameters(), 0.1).step()
    watch.close()

    assert set(record.norms(0)) == {"only.weight", "only.bias"}


def test_neither_loss_nor_gradients_are_kept_alive(watching, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)

    loss = problem.loss(model)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    kept = [weakref.ref(loss), *[weakref.ref(p.grad) for p in model.parameters()]]
    optimizer.zero_grad()
    del loss

    assert [each() for each in kept] == [None] * 5


def test_a_copy_trained_beside_the_model_makes_no_rows(watching, record, problem):
    model = problem.model()
    watching(model)
    twin = copy.deepcopy(model)

    problem.loss(twin).backward()
    torch.optim.SGD(twin.parameters(), 0.1).step()

    assert record.log_calls == []


def test_a_failing_collector_warns_once_and_the_rest_goes_on(lenient, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with vizkit.watch(model, optimizer, run=record):
        model[0].weight.register_hook(lambda grad: grad)

        class Strange(torch.Tensor):
            placements = (object(),)

        model[0].weight.grad = torch.ones(8, 4).as_subclass(Strange)
        with pytest.warns(VizkitWarning, match="no longer collects 'grad_norm'"):
            optimizer.step()
        optimizer.zero_grad()
        problem.loss(model).backward()
        optimizer.step()

    assert record.log_calls == [0, 1]
    assert "loss" in record.steps[1]
    assert "grad_norm" not in record.steps[1]


@pytest.mark.parametrize("watched", [3, [], [1.0], [nn.Linear(1, 1)], "model"])
def test_watching_something_else_says_what_to_do(watched):
    with pytest.raises(UsageError, match="takes a module or tensors"):
        vizkit.watch(watched)


def test_exceptions_make_the_run_failed(tmp_path, problem):
    model = problem.model()

    def fail():
        with vizkit.watch(model, logdir=tmp_path, name="x"):
            raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        fail()

    (file,) = (tmp_path / "x").glob("events*")
    assert b"RuntimeError: out of luck" in file.read_bytes()
