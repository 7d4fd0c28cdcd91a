import os

import pytest
import torch
from torch import nn


def test_the_loss_of_an_interleaved_training_is_not_ours(watching, record, problem):
    """Both backward passes run before both steps, in each order."""
    other_record = type(record)()
    model, other = problem.model(), problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    other_optimizer = torch.optim.SGD(other.parameters(), 0.0)
    watching(model)
    watching(other, run=other_record)
    loss = problem.loss(model).item()

    for _ in range(3):
        problem.loss(model).backward()
        (5 * problem.loss(other)).backward()
        optimizer.step()
        other_optimizer.step()

    assert record.series("loss") == [loss] * 3
    assert other_record.series("loss") == pytest.approx([5 * loss] * 3)


def test_validation_leaves_no_loss(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer)

    for _ in range(2):
        loss = problem.loss(model)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            problem.loss(model)
            model.eval()
            problem.loss(model)
            model.train()

    assert len(record.series("loss")) == 2
    assert record.series("loss")[1] == loss.item()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_logs_nothing_of_its_own_training(watching, record, problem):
    model = problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer)

    child = os.fork()
    if child == 0:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        os._exit(len(record.log_calls))
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_cpu_loss_scaled_by_hand_is_the_root_of_the_backward_pass(watching, record):
    model = nn.Linear(2, 1)
    watching(model)

    loss = model(torch.ones(1, 2)).sum()
    (loss * 4).backward()
    torch.optim.SGD(model.parameters(), 0.1).step()

    assert record.series("loss") == [4 * loss.item()]
