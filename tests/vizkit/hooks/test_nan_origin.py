import gc
import math
import weakref

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

X = torch.linspace(-1, 1, 12).reshape(6, 2)


class Log(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.shift = nn.Linear(2, 2), 10.0

    def forward(self, x):
        return (self.fc(x) + self.shift).log()


class Normed(nn.Module):
    """Batch norm, dropout, and a log of what `shift` moves."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop, self.log = nn.BatchNorm1d(2), nn.Dropout(0.3), Log()

    def forward(self, x):
        return self.log(self.drop(self.norm(x)))


@pytest.fixture(autouse=True)
def _nothing_compiled():
    """Forget what other tests compiled: nothing is run again in a process that compiled."""
    torch._dynamo.utils.counters.clear()
    yield
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()


def sgd(model):
    return torch.optim.SGD(model.parameters(), 0.01)


@pytest.fixture
def found(watching, record):
    """Train for 3 steps, `at(step)` before each, and return the only finding."""

    def found(model, loss, at, *, make=sgd, step=None, **options):
        optimizer = make(model)
        watching(model, optimizer, nan_origin=True, **options)
        for number in range(3):
            at(number)
            optimizer.zero_grad()
            if step is None:
                loss(model).backward()
                optimizer.step()
            else:
                step(optimizer, lambda: loss(model))
        (finding,) = record.findings
        return finding

    return found


def breaks(log, at=1):
    def act(step):
        log.shift = -10.0 if step == at else 10.0

    return act


def mean(model):
    return model(X).mean()


def test_gradient_accumulation_searches_the_passes_of_the_step(found):
    model = Log()

    def step(optimizer, loss):
        for part in range(3):
            model.shift = -10.0 if part == 1 and model.broken else 10.0
            (loss() / 3).backward()
        optimizer.step()

    def at(number):
        model.broken = number == 1

    finding = found(model, mean, at, step=step)
    assert (finding.step, finding.op, finding.paths) == (1, "log", ("",))


def test_a_closure_is_searched_while_its_weights_stand(found):
    model = Log()

    def step(optimizer, loss):
        def closure():
            optimizer.zero_grad()
            found = loss()
            found.backward()
            return found

        optimizer.step(closure)

    finding = found(
        model,
        mean,
        breaks(model, at=2),
        make=lambda m: torch.optim.LBFGS(m.parameters(), max_iter=2),
        step=step,
    )
    assert (finding.step, finding.op) == (2, "log")


def test_two_optimizers_of_one_step_make_one_finding(watching, record):
    model = nn.ModuleDict({"a": Log(), "b": Log()})
    pair = [sgd(model["a"]), sgd(model["b"])]
    whole = nn.Sequential(*model.values())
    watching(whole, pair, nan_origin=True)
    for number in range(3):
        model["b"].shift = -10.0 if number == 1 else 10.0
        for optimizer in pair:
            optimizer.zero_grad()
        whole(X).mean().backward()
        for optimizer in pair:
            optimizer.step()

    (finding,) = record.findings
    assert (finding.step, finding.op, finding.paths) == (1, "log", ("1",))


def test_under_a_grad_scaler_a_bad_forward_pass_is_found_and_a_skipped_step_is_not(
    watching, record
):
    model = Log()
    optimizer, scaler = sgd(model), torch.amp.GradScaler("cpu", init_scale=2.0**127)
    watching(model, optimizer, nan_origin=True)
    for number in range(4):
        model.shift = -10.0 if number == 2 else 10.0
        optimizer.zero_grad()
        scaler.scale(model(X).mean() * 100).backward()
        scaler.step(optimizer)
        scaler.update()

    assert record.steps[0]["amp/skipped"] == 1
    (finding,) = record.findings
    assert (finding.step, finding.op) == (2, "log")


def test_a_model_under_checkpoints_is_searched_too(found):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Normed()

        def forward(self, x):
            return checkpoint(self.inner, x, use_reentrant=False)

    model = Model()
    finding = found(model, mean, breaks(model.inner.log))
    assert (finding.op, finding.paths) == ("log", ("inner.log",))


def test_a_gradient_that_explodes_inside_a_checkpoint_is_found(found):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.norm, self.broken = nn.Linear(2, 2), nn.BatchNorm1d(2), False

        def part(self, x):
            kept = self.norm(self.fc(x))
            kept = kept * (kept > 0)
            root = kept.sqrt() if self.broken else kept
            return torch.where(kept > 0, root, kept)

        def forward(self, x):
            return checkpoint(self.part, x, use_reentrant=False)

    model = Model()

    def at(step):
        model.broken = step == 1

    finding = found(model, mean, at)
    assert (finding.op, finding.evidence["phase"]) == ("sqrt", "backward")
    assert model.norm.num_batches_tracked == 2 * 3  # each runs again in backward


def test_a_criterion_is_run_again_with_its_own_lines(found):
    class Criterion(nn.Module):
        broken = False

        def forward(self, out, y):
            if self.broken:
                out = out / y.sum()
            return out.mean()

    criterion = Criterion()

    def at(step):
        criterion.broken = step == 1

    finding = found(
        nn.Linear(2, 1), lambda m: criterion(m(X), torch.zeros(6)), at, criterion=criterion
    )
    assert (finding.op, finding.evidence["phase"]) == ("div", "loss")
    assert finding.source.startswith("tests/vizkit/hooks/test_nan_origin.py:")


def test_a_target_that_came_in_broken_is_data(found):
    y = torch.zeros(6, 1)

    def at(step):
        y[4] = math.nan if step == 1 else 0.0

    finding = found(nn.Linear(2, 1), lambda m: nn.functional.mse_loss(m(X), y), at)
    assert finding.evidence["came_from"] == "data"
    assert (finding.evidence["name"], finding.evidence["samples"]) == ("target", [4])


def test_a_weight_that_was_broken_before_is_named(found):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))

    def at(step):
        if step == 1:
            with torch.no_grad():
                model[1].weight[0, 0] = math.nan

    finding = found(model, mean, at)
    assert finding.evidence["came_from"] == "weight"
    assert finding.parameters[0] == "1.weight"
    assert finding.paths == ("1",)


def test_a_root_of_zero_in_the_loss_is_named_by_the_only_steep_operation(found):
    y = torch.zeros(6, 1)
    model = nn.Linear(2, 1, bias=False)

    def at(step):
        with torch.no_grad():
            model.weight.fill_(0.0 if step == 1 else 1.0)

    finding = found(model, lambda m: nn.functional.mse_loss(m(X), y).sqrt(), at)
    assert math.isfinite(finding.evidence["loss"])
    assert (finding.op, finding.evidence["phase"]) == ("sqrt", "loss")


def test_raw_tensors_have_their_live_graph_searched(watching, record):
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], 0.01)
    watching({"w": w}, optimizer, nan_origin=True)
    for step in range(3):
        optimizer.zero_grad()
        (X @ w + (-10 if step == 1 else 10)).log().sum().backward()
        optimizer.step()

    (finding,) = record.findings
    assert (finding.op, finding.node) == ("log", ":Log")


def test_a_re_run_that_raises_is_said_and_the_training_goes_on(found):
    class Once(Log):
        calls = 0

        def forward(self, x):
            Once.calls += 1
            if self.shift < 0 and Once.calls > 2:
                raise RuntimeError("only once")
            return super().forward(x)

    model = Once()
    finding = found(model, mean, breaks(model))
    assert "only once" in finding.sentence
    assert finding.op == ""


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", ["compiled", "scripted"])
def test_what_cannot_be_run_again_is_said(found, kind):
    model = Log() if kind == "compiled" else nn.Sequential(torch.jit.script(nn.Linear(2, 2)))
    if kind == "compiled":
        model.compile(backend="eager")

    def at(step):
        X[0, 0] = math.nan if step == 1 else -1.0

    finding = found(model, mean, at)
    assert "torch.compile" in finding.sentence or "TorchScript" in finding.sentence
    assert "not found" in finding.sentence


def test_inputs_that_were_written_to_are_not_blamed(found):
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1)

        def forward(self, x):
            return self.fc(x.div_(self.by))

    model = InPlace()

    def at(step):
        model.by = 0.0 if step == 1 else 1.0

    finding = found(model, lambda m: m(X.clone()).mean(), at)
    assert "written to" in finding.sentence
    assert finding.evidence.get("came_from") != "data"


def test_nothing_is_kept_alive_past_its_step(watching):
    model = Normed()
    optimizer = sgd(model)
    watching(model, optimizer, nan_origin=True, graph=False)

    def step():
        x = X.clone()
        out = model(x)
        out.mean().backward()
        optimizer.step()
        return weakref.ref(x), weakref.ref(out)

    step()
    kept = step()
    gc.collect()
    assert [each() for each in kept] == [None, None]


def test_hooks_and_graph_do_not_hear_the_re_run(watching, record):
    model = Normed()
    optimizer = sgd(model)
    watch = watching(model, optimizer, nan_origin=True)
    for number in range(8):
        model.log.shift = -10.0 if number == 4 else 10.0
        optimizer.zero_grad()
        mean(model).backward()
        optimizer.step()
    watch.close()

    assert len(record.findings) == 1
    assert [version.changes for version in record.versions] == [()]


def test_all_hooks_are_gone_after_close(watching):
    model = Normed()
    before = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    watch = watching(model, sgd(model), nan_origin=True)
    model(X).mean().backward()
    watch.close()

    after = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    assert after == before


@pytest.mark.parametrize("last", [13, 40])
def test_a_step_that_is_not_logged_has_its_finding(watching, record, last):
    model = Log()
    optimizer = sgd(model)
    watch = watching(model, optimizer, nan_origin=True, every=10)
    for number in range(last + 1):
        model.shift = -10.0 if number == 13 else 10.0
        optimizer.zero_grad()
        mean(model).backward()
        kept = [each.detach().clone() for each in model.parameters()]
        optimizer.step()
        with torch.no_grad():
            for each, value in zip(model.parameters(), kept, strict=True):
                each.copy_(value)
    watch.close()

    (finding,) = record.findings
    assert (finding.step, finding.op) == (13, "log")


def test_a_second_stretch_is_searched_again(watching, record):
    model = Log()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    watching(model, optimizer, nan_origin=True)
    for number in range(10):
        model.shift = -10.0 if number in (2, 3, 7) else 10.0
        optimizer.zero_grad()
        mean(model).backward()
        for each in model.parameters():
            each.grad = None if number in (2, 3, 7) else each.grad
        optimizer.step()

    assert [(each.step, each.op) for each in record.findings] == [(2, "log"), (7, "log")]
