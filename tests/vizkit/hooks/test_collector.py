import pytest
import torch

from vizkit.hooks.collector import Collector
from vizkit.hooks.guard import Guard
from vizkit.hooks.roster import Roster, parameters_of
from vizkit.hooks.rows import Assembly
from vizkit.hooks.settings import Settings
from vizkit.hooks.subject import subject_of


def collector_of(model, optimizer, log, **settings):
    roster = Roster(subject_of(model), [optimizer])
    assembly = Assembly(0, 1)
    collector = Collector(Settings(**settings), roster, Guard(), assembly, log)
    return collector, roster.plan(optimizer, parameters_of(optimizer))


def test_a_part_becomes_a_row(problem):
    rows, model = [], problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    collector, plan = collector_of(model, optimizer, lambda *row: rows.append(row))

    part, step = collector.begin(plan, optimizer)
    collector.add_rates(part, optimizer)
    collector.add_gradients(part, step, [torch.ones_like(p) for p in model.parameters()])
    collector.losses.add_root(2.0)
    collector.end(part)

    ((values, step, wall_time),) = rows
    assert (step, values["loss"], values["lr"]) == (0, 2.0, 0.1)
    assert values["grad_norm"] == pytest.approx(7.0)
    assert wall_time > 1e9


def test_steps_that_are_not_logged_cost_no_norms(problem):
    rows, model = [], problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    collector, plan = collector_of(model, optimizer, lambda *row: rows.append(row), every=2)

    for _ in range(4):
        part, step = collector.begin(plan, optimizer)
        collector.add_gradients(part, step, [None] * 4)
        assert collector.weights_before(step, []) is None or step == 0
        collector.end(part)

    assert [row[1] for row in rows] == [0, 2]


def test_restarting_forgets_losses_and_samples(problem):
    rows, model = [], problem.model()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    collector, plan = collector_of(model, optimizer, lambda *row: rows.append(row))
    collector.losses.add_root(2.0)

    collector.restart()
    part, _ = collector.begin(plan, optimizer)
    collector.end(part)

    assert "loss" not in rows[0][0]


def test_flushing_logs_a_row_that_waits(problem):
    rows, model = [], problem.model()
    optimizer = torch.optim.SGD(model[0].parameters(), 0.1)
    roster = Roster(subject_of(model), [])
    collector = Collector(
        Settings(), roster, Guard(), Assembly(0, None), lambda *row: rows.append(row)
    )
    part, _ = collector.begin(roster.plan(optimizer, parameters_of(optimizer)), optimizer)
    collector.end(part)
    assert rows == []

    collector.flush()
    collector.flush()

    assert len(rows) == 1
