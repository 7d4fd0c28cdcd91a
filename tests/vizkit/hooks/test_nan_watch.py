import math

import pytest
import torch
from torch import nn

from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_watch import MOST_FINDINGS, SKIPS, NanWatch, Told
from vizkit.kinds.scalar.value import Pending
from vizkit.kinds.vector.value import Vector

NAN, INF = math.nan, math.inf


@pytest.fixture
def found():
    return []


@pytest.fixture
def watch(found):
    return NanWatch(lambda values, step: found.extend(values.values()), Guard(), None)


def rows(watch, *rows):
    for step, values in enumerate(rows):
        watch.row(values, step)


def test_a_finding_comes_at_the_first_step_and_again_only_after_a_finite_one(watch, found):
    rows(watch, *({"loss": loss} for loss in (1.0, NAN, NAN, INF, 2.0, INF)))

    assert [each.step for each in found] == [1, 5]
    assert {each.kind for each in found} == {"nan_origin"}
    assert {each.level for each in found} == {"error"}


def test_rows_without_loss_and_norm_end_nothing(watch, found):
    rows(watch, {"loss": NAN}, {"lr": 0.1}, {"loss": NAN})

    assert len(found) == 1


def test_their_number_is_bounded(watch, found):
    rows(watch, *({"loss": loss} for _ in range(MOST_FINDINGS + 5) for loss in (NAN, 1.0)))

    assert len(found) == MOST_FINDINGS


def test_gradients_are_found_with_where_they_go_wrong(watch, found):
    names = ("a", "b", "unused", "c")
    rows(
        watch,
        {"loss": 1.0, "grad_norm": 1.0, "grad_norm/*": Vector(names, [1.0, 1.0, NAN, 1.0])},
        {"loss": 1.0, "grad_norm": NAN, "grad_norm/*": Vector(names, [NAN, INF, NAN, 1.0])},
    )

    (finding,) = found
    assert finding.parameters == ("a", "b")
    assert finding.tags == ("grad_norm",)
    assert "between c (finite) and b" in finding.sentence
    assert finding.evidence == {"loss": 1.0, "grad_norm": pytest.approx(NAN, nan_ok=True)}


def test_gradients_of_a_step_that_a_scaler_skips_are_none(watch, found):
    rows(
        watch,
        {"loss": 1.0, "grad_norm": INF, "amp/skipped": 1.0},
        {"loss": 1.0, "grad_norm": 1.0, "amp/skipped": 0.0},
    )

    assert found == []


def test_a_scaler_that_skips_for_ever_is_one(watch, found):
    rows(watch, *[{"loss": 1.0, "grad_norm": NAN, "amp/skipped": 1.0}] * (SKIPS + 9))

    assert [each.step for each in found] == [SKIPS - 1]


def test_a_loss_that_is_not_finite_is_one_whatever_the_scaler_does(watch, found):
    rows(watch, {"loss": INF, "grad_norm": NAN, "amp/skipped": 1.0})

    assert found[0].tags == ("loss",)


def test_a_value_of_a_device_tells_when_it_is_read(watch, found):
    told = []
    value = Told(torch.tensor(NAN), None, told.append)
    assert isinstance(value, Pending)

    value.read()

    assert math.isnan(told[0])


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_watched_training_that_turns_nan_logs_it_once(watching, record, accumulate):
    model = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    watching(model, optimizer)
    for step in range(4):
        optimizer.zero_grad()
        for _ in range(accumulate):
            (model(torch.ones(1, 2)).mean() * (math.nan if step == 2 else 1)).backward()
        optimizer.step()

    assert [each.step for each in record.findings] == [2]
    assert record.findings[0].tags == ("loss", "grad_norm")
