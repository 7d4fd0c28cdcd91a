"""Every kind of parameter, against gradients that torch.autograd.grad or hand gives."""

import math

import pytest
import torch
from torch import nn


class Holder(nn.Module):
    def __init__(self, **parameters):
        super().__init__()
        for name, value in parameters.items():
            setattr(self, name, nn.Parameter(value))


def step(module, loss, **options):
    loss.backward()
    torch.optim.SGD(module.parameters(), 0.0, **options).step()


def test_sparse_gradients_add_up_duplicate_rows(watching, record):
    module = nn.Embedding(10, 3, sparse=True)
    optimizer = torch.optim.SparseAdam(module.parameters(), 1e-3)
    watching(module)
    rows = torch.tensor([1, 1, 1, 2])

    for _ in range(2):
        optimizer.zero_grad()
        module(rows).sum().backward()
        optimizer.step()

    # Row 1 gets 3 and row 2 gets 1, in 3 columns.
    assert record.series("grad_norm") == pytest.approx([math.sqrt(3 * (9 + 1))] * 2)


def test_gradients_that_turn_sparse_are_measured_again(watching, record):
    module = Holder(w=torch.ones(4, 2))
    optimizer = torch.optim.SGD(module.parameters(), 0.0)
    watching(module)

    module.w.grad = torch.ones(4, 2)
    optimizer.step()
    module.w.grad = torch.eye(4)[:, :2].to_sparse()
    optimizer.step()

    assert record.series("grad_norm") == pytest.approx([math.sqrt(8), math.sqrt(2)])


def test_complex_parameters(watching, record):
    module = Holder(w=torch.randn(5, dtype=torch.complex64))
    watching(module)

    step(module, (module.w.abs() ** 2).sum())

    # The gradient of |w|^2 is 2 w.
    expected = 2 * module.w.detach().abs().double().norm().item()
    assert record.series("grad_norm/w") == pytest.approx([expected])
    assert record.series("weight_norm/w") == pytest.approx([expected / 2])


def test_mixed_dtypes_neither_overflow_nor_round(watching, record):
    module = Holder(
        a=torch.ones(9, dtype=torch.bfloat16),
        b=torch.ones(9),
        c=torch.ones(9, dtype=torch.float64),
        d=torch.ones(10_000, dtype=torch.float16),
        e=torch.ones(40_000, dtype=torch.bfloat16),
    )
    watching(module)
    for parameter in module.parameters():
        parameter.grad = torch.full_like(parameter, 1000.0)

    torch.optim.SGD(module.parameters(), 0.0).step()

    sizes = {"a": 9, "b": 9, "c": 9, "d": 10_000, "e": 40_000}
    expected = {name: 1000 * math.sqrt(size) for name, size in sizes.items()}
    assert record.norms(0) == pytest.approx(expected, rel=1e-5)


def test_frozen_and_unused_parameters_have_no_norm(watching, record, problem):
    model = problem.model()
    model[0].weight.requires_grad_(False)
    model.add_module("unused", nn.Linear(2, 2))
    watching(model)
    expected = problem.norms(model[:3])

    step(model, problem.loss(model[:3]))

    assert math.isnan(record.steps[0]["grad_norm/0.weight"])
    assert math.isnan(record.steps[0]["grad_norm/unused.weight"])
    assert {name: record.norms(0)[name] for name in expected} == pytest.approx(expected)


def test_zeroed_gradients_are_zero_and_missing_ones_nothing(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)

    problem.loss(model).backward()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()

    assert record.steps[0]["grad_norm"] == 0.0
    assert set(record.norms(0).values()) == {0.0}
    assert "grad_norm" not in record.steps[1]


def test_a_tied_weight_counts_once_under_its_first_name(watching, record):
    module = nn.Module()
    module.a, module.b = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    module.b.weight = module.a.weight
    watching(module)
    loss = module.b(module.a(torch.randn(3, 4))).square().sum()
    (expected,) = torch.autograd.grad(loss, [module.a.weight], retain_graph=True)

    step(module, loss)

    assert record.norms(0) == {"a.weight": pytest.approx(expected.norm().item())}
    assert record.steps[0]["grad_norm"] == pytest.approx(expected.norm().item())


def test_nan_and_infinity_are_told_apart_and_the_next_step_is_fine(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model)
    problem.loss(model).backward()
    model[0].weight.grad[0, 0] = math.nan
    model[2].bias.grad[0] = math.inf
    optimizer.step()

    model.load_state_dict(problem.model().state_dict())
    optimizer.zero_grad()
    expected = problem.norms(model)
    problem.loss(model).backward()
    optimizer.step()

    assert math.isnan(record.steps[0]["grad_norm/0.weight"])
    assert record.steps[0]["grad_norm/2.bias"] == math.inf
    assert math.isfinite(record.steps[0]["grad_norm/0.bias"])
    assert math.isnan(record.steps[0]["grad_norm"])
    assert record.norms(1) == pytest.approx(expected)


def test_channels_last_and_expanded_gradients(watching, record):
    model = nn.Conv2d(3, 8, 3).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    watching(model)
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    model.bias.grad = torch.ones(1).expand(8)
    expected = {name: float(p.grad.double().norm()) for name, p in model.named_parameters()}

    optimizer.step()

    assert record.norms(0) == pytest.approx(expected)


def test_empty_and_0_d_parameters(watching, record):
    module = Holder(a=torch.empty(0), b=torch.tensor(2.0))
    watching(module)

    step(module, module.a.sum() + module.b**2)

    assert record.norms(0) == {"a": 0.0, "b": 4.0}


def test_gradients_that_come_and_go(watching, record):
    module = Holder(a=torch.ones(3), b=torch.ones(3))
    optimizer = torch.optim.SGD(module.parameters(), 0.0)
    watching(module)

    for loss in (module.a.sum(), module.b.sum(), module.a.sum() + 2 * module.b.sum()):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    nan, root3 = pytest.approx(math.nan, nan_ok=True), pytest.approx(math.sqrt(3))
    assert record.norms(0) == {"a": root3, "b": nan}
    assert record.norms(1) == {"a": nan, "b": root3}
    assert record.norms(2) == {"a": root3, "b": pytest.approx(2 * math.sqrt(3))}


def test_a_model_moved_to_another_dtype_between_steps(watching, record):
    module = Holder(a=torch.ones(3))
    optimizer = torch.optim.SGD(module.parameters(), 0.0)
    watching(module)

    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        module.to(dtype)
        optimizer.zero_grad()
        (3 * module.a.sum()).backward()
        optimizer.step()

    assert record.series("grad_norm/a") == pytest.approx([3 * math.sqrt(3)] * 3)


def test_non_finite_numbers_are_counted_by_parameter_when_there_are_any(watching, record):
    module = Holder(w=torch.ones(3, 2), v=torch.ones(4), u=torch.ones(2))
    watching(module)

    for bad in ([], [0, 2], []):
        module.w.grad, module.v.grad = torch.ones(3, 2), torch.ones(4)
        module.w.grad.view(-1)[bad] = math.nan
        module.v.grad[[each for each in bad if each]] = -math.inf
        torch.optim.SGD(module.parameters(), 0.0).step()

    assert record.norms(0, "grad_nonfinite") == record.norms(2, "grad_nonfinite") == {}
    found = record.norms(1, "grad_nonfinite")
    assert (found["w"], found["v"]) == (2, 1)
    assert math.isnan(found["u"])


def test_parameters_whose_norm_was_finite_before_clipping_have_no_such_numbers(watching, record):
    module = Holder(w=torch.ones(3), v=torch.ones(4))
    watching(module)

    module.w.grad, module.v.grad = torch.tensor([1.0, math.inf, 1.0]), torch.ones(4)
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    torch.optim.SGD(module.parameters(), 0.0).step()

    assert record.norms(0, "grad_nonfinite") == {"w": 1, "v": 0}


def test_sparse_and_complex_gradients_are_counted_too(watching, record):
    module = Holder(w=torch.ones(3, 2), c=torch.ones(2, dtype=torch.complex64))
    watching(module)

    module.w.grad = torch.tensor([[1, math.nan], [0, 0], [1, 1]]).to_sparse()
    module.c.grad = torch.tensor([complex(math.inf, 0), complex(math.nan, math.nan)])
    torch.optim.SGD(module.parameters(), 0.0).step()

    assert record.norms(0, "grad_nonfinite") == {"w": 1, "c": 3}
