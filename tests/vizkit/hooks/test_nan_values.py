import math
from dataclasses import dataclass

import pytest
import torch

from vizkit.hooks.nan_values import (
    bad_samples,
    described,
    holds_nan,
    holds_plus_infinity,
    is_bad,
    tensors_of,
)

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("tensor", "bad"),
    [
        (torch.tensor([1.0, NAN]), True),
        (torch.tensor([1.0, -INF], dtype=torch.float16), True),
        (torch.tensor([1.0, 3e38]), False),
        (torch.tensor([3e38, 3e38]), False),
        (torch.tensor([1, 2]), False),
        (torch.tensor([]), False),
        (torch.tensor([complex(1, NAN)]), True),
        (torch.tensor([[0.0, INF]]).to_sparse(), True),
        (torch.tensor([1.0, NAN], dtype=torch.bfloat16), True),
        (torch.tensor([1.0, NAN]).to(torch.float8_e5m2), True),
        (torch.ones(3, device="meta"), False),
        (torch.tensor([NAN], requires_grad=True), True),
    ],
)
def test_what_is_not_finite_is_told_whatever_the_tensor(tensor, bad):
    assert is_bad(tensor) is bad


def test_inside_vmap_nothing_can_be_told():
    seen = []

    def look(x):
        seen.append(is_bad(x))
        return x

    torch.vmap(look)(torch.tensor([1.0, NAN]))
    assert seen == [False]


def test_nan_and_infinity_are_told_apart():
    assert holds_nan(torch.tensor([NAN]))
    assert not holds_nan(torch.tensor([INF]))
    assert holds_plus_infinity(torch.tensor([INF]))
    assert not holds_plus_infinity(torch.tensor([-INF, NAN]))


def test_a_description_gives_the_finite_range_and_counts_the_rest():
    told = described(torch.tensor([[1.0, NAN, -2.0], [INF, -INF, 0.0]]), "x")

    assert told == {
        "name": "x",
        "shape": [2, 3],
        "dtype": "float32",
        "min": -2.0,
        "max": 1.0,
        "nan": 1,
        "inf": 2,
    }
    assert described(torch.tensor([1])) == {"shape": [1], "dtype": "int64"}


def test_samples_are_places_in_the_first_dimension():
    batch = torch.zeros(4, 2, 2)
    batch[1, 0, 1], batch[3, 1, 1] = NAN, INF

    assert bad_samples(batch) == [1, 3]
    assert bad_samples(torch.tensor(NAN)) == []


def test_tensors_are_found_with_their_names_however_nested():
    @dataclass
    class Output:
        loss: torch.Tensor
        extra: object = None

    a, b, c = torch.ones(1), torch.ones(2), torch.ones(3)
    found = dict(tensors_of(({"mask": a}, [Output(b, (c, None))])))

    assert list(found) == ["0.mask", "1.0.loss", "1.0.extra.0"]
    assert [len(each) for each in found.values()] == [1, 2, 3]
