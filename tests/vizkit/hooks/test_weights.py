import math

import numpy as np
import pytest
import torch

from vizkit.hooks import weights as weights_module
from vizkit.hooks.weights import Weights


def test_weight_norms_and_update_ratios_on_schedule(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer, weights_every=2)
    expected = []

    for _ in range(5):
        problem.loss(model).backward()
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        optimizer.step()
        expected.append(
            {
                name: (p.detach() - before[name]).double().norm().item()
                / before[name].double().norm().item()
                for name, p in model.named_parameters()
            }
        )

    assert [step for step in range(5) if record.norms(step, "update_ratio")] == [0, 2, 4]
    for step in (0, 2, 4):
        found = record.norms(step, "update_ratio")
        assert found == pytest.approx(expected[step], rel=1e-5)


def test_norms_are_of_the_weights_that_gave_the_loss(watching, record, problem):
    model = problem.model()
    watching(model)
    before = {name: p.detach().norm().item() for name, p in model.named_parameters()}

    problem.loss(model).backward()
    torch.optim.SGD(model.parameters(), 10.0).step()

    assert record.norms(0, "weight_norm") == pytest.approx(before)


def test_zero_weights_have_no_ratio_and_unmoved_ones_ratio_zero():
    weights = Weights()
    parameters = [torch.zeros(3), torch.ones(3)]
    before = weights.before(parameters)
    parameters[0] += 1

    ratio = weights.after(before, parameters)

    np.testing.assert_array_equal(ratio, [math.nan, 0.0])


def test_large_parameters_are_sampled(monkeypatch):
    monkeypatch.setattr(weights_module, "EXACT", 10_000)
    parameter = torch.randn(400, 500)
    weights = Weights()
    before = weights.before([parameter])
    moved = parameter + 1e-3 * torch.randn(400, 500)

    (ratio,) = weights.after(before, [moved])

    exact = (moved - parameter).norm() / parameter.norm()
    assert before.pieces[0].numel() == weights_module.SAMPLE
    assert before.norms.tolist() == pytest.approx([parameter.norm().item()])
    assert ratio == pytest.approx(exact.item(), rel=0.05)


def test_the_users_random_numbers_are_left_alone(monkeypatch):
    monkeypatch.setattr(weights_module, "EXACT", 10)
    state = torch.get_rng_state()

    Weights().before([torch.ones(100)])

    assert torch.equal(torch.get_rng_state(), state)


def test_tensors_on_a_device_are_compared_there():
    weights = Weights()
    before = weights.before([torch.ones(3, device="meta")])

    ratio = weights.after(before, [torch.ones(3, device="meta")])

    assert ratio.device.type == "meta"
