import math

import pytest
import torch
from torch import nn

from vizkit.hooks.nan_places import Places
from vizkit.hooks.nan_search import Known, Search

INF = math.inf
functional = nn.functional


def search(act, *given, known=None, batch=0):
    """Run `act` under a search; return the cause of what it gives, and the search."""

    def outermost():
        return act(*given)

    found = Search(Places(), Known(known or {}, batch), "forward", outermost.__code__)
    with found:
        result = outermost()
    return found.cause_in(result)


ONES = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("act", "op", "made"),
    [
        (lambda x: (x - 2).log() + 1, "log", "NaN"),
        (lambda x: (x - 1).log().exp().log(), "log", "infinity"),
        (lambda x: (x * 1e30) * 1e30 - INF, "mul", "infinity"),
        (lambda x: x / (x - x), "div", "infinity"),
        (lambda x: 1 / (x - x), "div", "infinity"),
        (lambda x: functional.softmax(x.masked_fill(x > 0, -INF), -1), "softmax", "NaN"),
        (lambda x: functional.softmax(torch.full_like(x, -INF), -1), "softmax", "NaN"),
        (lambda x: (x - 2).sqrt_().add_(1), "sqrt", "NaN"),
        (lambda x: torch.stack([x, (x - 2).sqrt()])[1].view(-1), "sqrt", "NaN"),
        (lambda x: {"out": [(x - 2).acos() * 1, (x - 2).log()]}, "log", "NaN"),
    ],
)
def test_the_first_producer_is_named(act, op, made):
    cause = search(act, ONES)

    assert (cause.op, cause.made) == (op, made)
    assert cause.source.startswith("tests/vizkit/hooks/test_nan_search.py:")


@pytest.mark.parametrize(
    "act",
    [
        lambda x: functional.softmax(x.masked_fill(torch.eye(2, 3) > 0, -INF), -1),
        lambda x: torch.where(x > 2, (x - 2).sqrt(), x),
        lambda x: torch.tensor(-INF).maximum(x),
        lambda x: x.masked_fill(x > 0, -INF),
        lambda x: (x - 2).log().nan_to_num_(),
        lambda x: torch.full((2,), INF).minimum(torch.ones(2)),
    ],
)
def test_masks_and_what_is_masked_are_none(act):
    assert search(act, ONES) is None


def test_what_a_view_was_given_is_found_in_its_base():
    def act(x):
        x = x.clone()
        x[0] = (x[0] - 2).log()
        return x.sum()

    assert search(act, ONES).op == "log"


@pytest.mark.parametrize(("sort", "value"), [("weight", INF), ("data", math.nan), ("data", -INF)])
def test_what_came_in_is_named_with_its_first_reader(sort, value):
    bad = torch.ones(4, 3)
    bad[2] = value

    cause = search(lambda x: functional.linear(x, ONES), bad, known={id(bad): (sort, "it")})

    assert (cause.sort, cause.name, cause.op) == (sort, "it", "linear")
    assert cause.samples == ([2] if sort == "data" else [])


def test_a_mask_that_came_in_is_no_cause_but_a_row_that_it_empties_is():
    mask = torch.tensor([[-INF, -INF, -INF], [0.0, 0.0, -INF]])
    known = {id(mask): ("data", "mask")}

    assert search(lambda m: functional.softmax(m + 1, -1)[1], mask, known=known) is None
    cause = search(lambda m: functional.softmax(m + 1, -1), mask, known=known, batch=2)
    assert (cause.sort, cause.op, cause.samples) == ("operation", "softmax", [0])


def test_a_tensor_from_elsewhere_is_said_to_be():
    elsewhere = torch.tensor(math.nan)

    cause = search(lambda x: x * elsewhere, ONES)
    assert (cause.sort, cause.op) == ("elsewhere", "mul")


def test_the_ranges_of_its_inputs_are_those_from_before_it_wrote_to_them():
    cause = search(lambda x: (x - 3).log_(), ONES)

    assert (cause.inputs[0]["min"], cause.inputs[0]["max"]) == (-2.0, -2.0)
