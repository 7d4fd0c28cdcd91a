import math

import pytest
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from vizkit.hooks import clipping


def train(model, optimizer, loss, *clips):
    optimizer.zero_grad()
    loss.backward()
    for clip in clips:
        clip()
    optimizer.step()


@pytest.mark.parametrize("foreach", [None, False])
@pytest.mark.parametrize("max_norm", [0.1, 1e6])
def test_norms_are_those_before_clipping(watching, record, problem, total, foreach, max_norm):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    watching(model)
    expected = problem.norms(model)

    def clip():
        clip_grad_norm_(model.parameters(), max_norm, foreach=foreach)

    train(model, optimizer, problem.loss(model), clip)

    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["grad_norm"] == pytest.approx(total(expected))
    after = min(max_norm, total(expected))
    assert record.steps[0]["grad_norm_clipped"] == pytest.approx(after, rel=1e-4)


def test_without_clipping_there_is_no_clipped_norm(watching, record, problem):
    model = problem.model()
    watching(model)

    train(model, torch.optim.SGD(model.parameters(), 0.1), problem.loss(model))

    assert "grad_norm_clipped" not in record.steps[0]


def test_clipping_by_another_norm(watching, record, problem):
    model = problem.model()
    watching(model)
    expected = problem.norms(model)

    def clip():
        clip_grad_norm_(model.parameters(), 0.01, norm_type=math.inf)

    train(model, torch.optim.SGD(model.parameters(), 0.0), problem.loss(model), clip)

    after = math.sqrt(sum(float(p.grad.norm()) ** 2 for p in model.parameters()))
    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["grad_norm_clipped"] == pytest.approx(after)


def test_clipping_a_part_of_the_model(watching, record, problem):
    model = problem.model()
    watching(model)
    expected = problem.norms(model)

    def clip():
        clip_grad_norm_(model[0].parameters(), 0.01)

    train(model, torch.optim.SGD(model.parameters(), 0.0), problem.loss(model), clip)

    after = math.sqrt(sum(float(p.grad.norm()) ** 2 for p in model.parameters()))
    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["grad_norm_clipped"] == pytest.approx(after)


def test_clipping_twice_keeps_the_norms_before_the_first(watching, record, problem):
    model = problem.model()
    watching(model)
    expected = problem.norms(model)

    def clip_a_part():
        clip_grad_norm_(model[0].parameters(), 0.2)

    def clip_all():
        clip_grad_norm_(model.parameters(), 0.05)

    loss = problem.loss(model)
    train(model, torch.optim.SGD(model.parameters(), 0.0), loss, clip_a_part, clip_all)

    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["grad_norm_clipped"] == pytest.approx(0.05, rel=1e-3)


def test_gradients_changed_after_clipping_are_measured_anew(watching, record, problem):
    model = problem.model()
    watching(model)
    expected = problem.norms(model)

    def clip():
        clip_grad_norm_(model.parameters(), 0.1)

    def double():
        for parameter in model.parameters():
            parameter.grad.mul_(2)

    train(model, torch.optim.SGD(model.parameters(), 0.0), problem.loss(model), clip, double)

    ratio = record.norms(0)["0.weight"] / expected["0.weight"]
    assert record.steps[0]["grad_norm"] == pytest.approx(0.2, rel=1e-3)
    assert record.norms(0) == pytest.approx({n: v * ratio for n, v in expected.items()})


def test_clipping_by_value_shows_what_the_optimizer_stepped_with(watching, record, problem):
    model = problem.model()
    watching(model)

    def clip():
        clip_grad_value_(model.parameters(), 0.01)

    train(model, torch.optim.SGD(model.parameters(), 0.0), problem.loss(model), clip)

    after = {name: float(p.grad.norm()) for name, p in model.named_parameters()}
    assert record.norms(0) == pytest.approx(after)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_not_rounded_by_clipping(watching, record, dtype):
    model = nn.Linear(300, 1, bias=False).to(dtype)
    watching(model)
    model.weight.grad = torch.full_like(model.weight, 3.0)

    clip_grad_norm_(model.parameters(), 1.0)
    torch.optim.SGD(model.parameters(), 0.0).step()

    assert record.series("grad_norm") == pytest.approx([3 * math.sqrt(300)], rel=1e-6)


def test_a_scaler_with_unscaled_and_clipped_gradients(watching, record, problem, total):
    model = problem.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
    watching(model)
    expected = problem.norms(model)

    scaler.scale(problem.loss(model)).backward()
    scaler.unscale_(optimizer)
    clip_grad_norm_(model.parameters(), 0.1)
    scaler.step(optimizer)

    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["grad_norm_clipped"] == pytest.approx(0.1, rel=1e-4)


def test_clipping_watched_is_clipping_unwatched(watching, problem):
    model, twin = problem.model(), problem.model()
    problem.loss(twin).backward()
    plain = clip_grad_norm_(twin.parameters(), 0.1)

    watching(model)
    problem.loss(model).backward()
    watched = clip_grad_norm_(model.parameters(), 0.1)

    assert torch.equal(watched, plain)
    for ours, theirs in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)


def test_a_non_finite_norm_that_the_user_asked_to_raise_on_still_raises(watching, problem):
    model = problem.model()
    watching(model)
    model[0].weight.grad = torch.full_like(model[0].weight, math.nan)

    with pytest.raises(RuntimeError, match="non-finite"):
        clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)


def test_nothing_is_remembered_over_a_backward_pass(watching, problem):
    model = problem.model()
    watching(model)
    problem.loss(model).backward()
    clip_grad_norm_(model.parameters(), 0.1)
    gradients = [parameter.grad for parameter in model.parameters()]
    assert clipping.before_and_after(gradients) is not None

    problem.loss(model).backward()

    assert clipping.before_and_after(gradients) is None
