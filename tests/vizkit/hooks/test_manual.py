import math

import pytest
import torch

import vizkit
from vizkit.errors import VizkitWarning


def weights():
    return torch.randn(5, 3, requires_grad=True), torch.randn(3, 2, requires_grad=True)


def test_raw_tensors_with_autograd_and_manual_updates(record):
    w1, w2 = weights()
    x = torch.randn(4, 5)
    watch = vizkit.watch([w1, w2], run=record, weights_every=1)
    losses, norms, ratios = [], [], []

    for _ in range(3):
        loss = (x @ w1 @ w2).pow(2).sum()
        loss.backward()
        losses.append(loss.item())
        norms.append({"w1": w1.grad.norm().item(), "w2": w2.grad.norm().item()})
        ratios.append(1e-3 * norms[-1]["w1"] / w1.detach().norm().item())
        with torch.no_grad():
            w1 -= 1e-3 * w1.grad
            w2 -= 1e-3 * w2.grad
        w1.grad = w2.grad = None
        watch.step()
    watch.close()

    assert record.log_calls == [0, 1, 2]
    assert record.series("loss") == losses
    assert [record.norms(step) for step in range(3)] == [pytest.approx(each) for each in norms]
    assert record.series("update_ratio/w1") == pytest.approx(ratios, rel=1e-3)
    assert record.graphs[0].nodes[0].kind == "parameter"


def test_gradients_by_hand_and_no_autograd_at_all(record):
    w1 = torch.ones(3)
    watch = vizkit.watch([w1], run=record)

    for step in range(2):
        w1.grad = torch.full((3,), step + 1.0)
        w1 -= 0.1 * w1.grad
        watch.log({"loss": 10.0 + step})
        watch.step()
    watch.close()

    assert record.log_calls == [0, 0, 1, 1]
    assert record.series("loss") == [10.0, 11.0]
    assert record.series("grad_norm/w1") == pytest.approx([math.sqrt(3), 2 * math.sqrt(3)])


def test_accumulation_by_hand(watching, record):
    w1, w2 = weights()
    watch = watching({"first": w1, "second": w2})

    for _ in range(2):
        w1.sum().backward()
        w2.sum().backward()
    watch.step()

    assert record.norms(0) == pytest.approx(
        {"first": 2 * math.sqrt(15), "second": 2 * math.sqrt(6)}
    )


def test_a_module_updated_by_hand(watching, record, problem):
    model = problem.model()
    watch = watching(model)
    expected = []

    for _ in range(3):
        model.zero_grad()
        expected.append(problem.norms(model))
        problem.loss(model).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad
        watch.step()

    assert [record.norms(step) for step in range(3)] == [pytest.approx(each) for each in expected]


def test_without_step_there_are_no_rows(watching, record, problem):
    model = problem.model()
    watching(model)

    problem.loss(model).backward()

    assert record.log_calls == []


def test_raw_tensors_with_an_optimizer_need_no_step(watching, record):
    w1, w2 = weights()
    optimizer = torch.optim.SGD([w1, w2], 0.1)
    watching([w1, w2])
    x = torch.randn(4, 5)

    for _ in range(2):
        optimizer.zero_grad()
        (x @ w1 @ w2).mean().backward()
        optimizer.step()

    assert record.log_calls == [0, 1]
    assert record.series("lr") == [0.1, 0.1]


def test_a_step_besides_an_optimizer_is_left_out_with_a_warning(lenient, watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watch = watching(model, optimizer)

    problem.loss(model).backward()
    optimizer.step()
    with pytest.warns(VizkitWarning, match="already marks the steps"):
        watch.step()

    assert record.log_calls == [0]
