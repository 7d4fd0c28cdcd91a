import math

import pytest
import torch
from torch import nn


def test_each_step_of_a_plain_loop_is_one_row(watching, record, problem, total):
    model = problem.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    watching(model, optimizer)
    losses, norms = [], []

    for _ in range(3):
        optimizer.zero_grad()
        norms.append(problem.norms(model))
        loss = problem.loss(model)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    assert record.log_calls == [0, 1, 2]
    assert record.series("loss") == losses
    assert record.series("lr") == [1e-3] * 3
    assert [record.norms(step) for step in range(3)] == [pytest.approx(each) for each in norms]
    assert record.series("grad_norm") == pytest.approx([total(each) for each in norms])


def test_accumulated_gradients_are_one_row_with_the_mean_loss(watching, record, problem, total):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    watching(model)
    expected, loss = problem.norms(model), problem.loss(model).item()

    for start in range(0, 16, 4):
        (problem.loss(model, slice(start, start + 4)) / 4).backward()
    optimizer.step()

    assert record.norms(0) == pytest.approx(expected, rel=1e-5)
    assert record.steps[0]["loss"] == pytest.approx(loss)
    assert record.steps[0]["grad_norm"] == pytest.approx(total(expected))


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("unscale", [False, True])
def test_a_scaler_does_not_show_in_loss_and_norms(watching, record, problem, fused, unscale):
    model = problem.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
    watching(model)
    expected, loss = problem.norms(model), problem.loss(model)

    scaler.scale(loss).backward()
    if unscale:
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()

    assert record.norms(0) == pytest.approx(expected)
    assert record.steps[0]["loss"] == loss.item()
    assert record.steps[0]["amp/scale"] == 512.0
    assert record.steps[0]["amp/skipped"] == 0.0


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_the_scaler_skips_is_marked(watching, record, problem, fused):
    model = problem.model()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=512.0)
    watching(model)

    for factor in (math.inf, 1.0):
        optimizer.zero_grad()
        (scaler.scale(problem.loss(model)) * factor).backward()
        scaler.step(optimizer)
        scaler.update()

    assert record.series("amp/skipped") == [1.0, 0.0]
    assert record.series("amp/scale") == [512.0, 256.0]
    assert not math.isfinite(record.steps[0]["grad_norm"])
    assert math.isfinite(record.steps[1]["grad_norm"])


def test_a_disabled_scaler_leaves_no_trace(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    watching(model)

    scaler.scale(problem.loss(model)).backward()
    scaler.step(optimizer)
    scaler.update()

    assert record.log_calls == [0]
    assert not [tag for tag in record.steps[0] if tag.startswith("amp/")]


def test_lbfgs_logs_the_last_evaluation_of_its_closure(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
    watching(model, optimizer)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = problem.loss(model)
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    last = {name: float(p.grad.norm()) for name, p in model.named_parameters()}
    optimizer.step(closure=closure)

    assert record.log_calls == [0, 1]
    assert len(losses) > 4
    assert record.norms(0) == pytest.approx(last)
    assert record.steps[1]["loss"] == losses[-1]


def test_a_subclass_that_calls_super_steps_once(watching, record, problem):
    class Subclass(torch.optim.AdamW):
        def step(self, closure=None):
            return super().step(closure)

    model = problem.model()
    optimizer = Subclass(model.parameters(), 1e-3)
    watching(model)

    for _ in range(2):
        problem.loss(model).backward()
        optimizer.step()

    assert record.log_calls == [0, 1]


def test_an_optimizer_around_another_steps_once(watching, record, problem):
    class Wrapper(torch.optim.Optimizer):
        def __init__(self, inner):
            super().__init__(inner.param_groups, {})
            self.inner = inner

        def step(self, closure=None):
            return self.inner.step(closure)

    model = problem.model()
    optimizer = Wrapper(torch.optim.SGD(model.parameters(), 1e-3))
    watching(model)

    for _ in range(2):
        problem.loss(model).backward()
        optimizer.step()

    assert record.log_calls == [0, 1]


def test_a_step_that_raises_is_no_row_and_the_next_one_is_right(watching, record, problem):
    class Failing(torch.optim.SGD):
        fails = True

        @torch.no_grad()
        def step(self, closure=None):
            if self.fails:
                raise ValueError("no")
            return super().step(closure)

    model = problem.model()
    optimizer = Failing(model.parameters(), 1e-3)
    watching(model)
    problem.loss(model).backward()
    with pytest.raises(ValueError, match="no"):
        optimizer.step()

    Failing.fails = False
    optimizer.zero_grad()
    expected = problem.norms(model, 3 * problem.loss(model))
    (3 * problem.loss(model)).backward()
    optimizer.step()

    assert record.log_calls == [0]
    assert record.norms(0) == pytest.approx(expected)


def test_an_optimizer_in_the_backward_pass_is_one_row(watching, record, problem):
    model = problem.model()
    expected = problem.norms(model)
    watching(model)
    optimizers = {p: torch.optim.SGD([p], 0.0) for p in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        problem.loss(model).backward()

    assert record.log_calls == [0, 1]
    assert record.norms(0) == pytest.approx(expected)
    assert record.series("loss") == [problem.loss(model).item()] * 2


def test_a_failed_backward_pass_leaves_nothing_behind(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)

    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar"):
        model(problem.x).backward()
    loss = problem.loss(model)
    loss.backward()
    optimizer.step()

    assert record.series("loss") == [loss.item()]


def test_both_optimizers_of_a_gan_share_a_row(watching, record):
    generator, critic = nn.Linear(4, 4), nn.Linear(4, 1)
    critic_step = torch.optim.SGD(critic.parameters(), 1e-2)
    generator_step = torch.optim.Adam(generator.parameters(), 1e-3)
    handle = watching(nn.ModuleDict({"G": generator, "D": critic}))
    x = torch.randn(8, 4)
    losses, norms = [], []

    for _ in range(3):
        critic_step.zero_grad()
        loss_d = critic(x).mean() - critic(generator(x).detach()).mean()
        loss_d.backward()
        norms.append(float(critic.weight.grad.norm()))
        critic_step.step()
        generator_step.zero_grad()
        loss_g = -critic(generator(x)).mean()
        loss_g.backward()
        norms.append(float(generator.weight.grad.norm()))
        generator_step.step()
        losses.append((loss_d.item(), loss_g.item()))
    handle.close()

    assert record.log_calls == [0, 1, 2]
    assert record.series("lr/D") == [1e-2] * 3
    assert record.series("lr/G") == [1e-3] * 3
    assert list(zip(record.series("loss/D"), record.series("loss/G"), strict=True)) == losses
    assert record.series("loss") == [sum(pair) for pair in losses]
    assert record.series("grad_norm/D.weight") == pytest.approx(norms[0::2])
    assert record.series("grad_norm/G.weight") == pytest.approx(norms[1::2])


def test_only_the_named_optimizer_makes_rows(watching, record):
    generator, critic = nn.Linear(4, 4), nn.Linear(4, 1)
    critic_step = torch.optim.SGD(critic.parameters(), 1e-2)
    generator_step = torch.optim.SGD(generator.parameters(), 1e-3)
    watching(nn.ModuleDict({"G": generator, "D": critic}), generator_step)

    critic(generator(torch.randn(8, 4))).mean().backward()
    critic_step.step()
    generator_step.step()

    assert record.log_calls == [0]
    assert record.series("lr") == [1e-3]
    assert math.isnan(record.steps[0]["grad_norm/D.weight"])


def test_a_critic_that_steps_more_often_makes_the_rows(watching, record):
    generator, critic = nn.Linear(4, 4), nn.Linear(4, 1)
    critic_step = torch.optim.SGD(critic.parameters(), 1e-2)
    generator_step = torch.optim.SGD(generator.parameters(), 1e-3)
    handle = watching(nn.ModuleDict({"G": generator, "D": critic}), [critic_step, generator_step])

    for step in range(6):
        critic(generator(torch.randn(8, 4))).mean().backward()
        critic_step.step()
        if step % 3 == 0:
            generator_step.step()
    handle.close()

    assert record.log_calls == [0, 1, 2, 3, 4, 5]
    assert len(record.series("lr/G")) == 2


def test_an_unrelated_optimizer_makes_no_row_and_gives_no_loss(watching, record, problem):
    model, other = problem.model(), problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    other_optimizer = torch.optim.SGD(other.parameters(), 0.1)
    watching(model)
    losses = []

    for _ in range(3):
        (100 * problem.loss(other)).backward()
        other_optimizer.step()
        optimizer.zero_grad()
        loss = problem.loss(model)
        loss.backward()
        (100 * problem.loss(other)).backward()
        optimizer.step()
        losses.append(loss.item())

    assert record.log_calls == [0, 1, 2]
    assert record.series("loss") == losses
