import random

import numpy as np
import pytest
import torch
from torch import nn

from vizkit.hooks.nan_moment import Moment, unchanged


def draw():
    return torch.rand(3).tolist(), random.random(), np.random.rand()


def test_random_numbers_of_torch_come_again_and_all_go_on_afterwards():
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    now = Moment.now()
    first = draw()
    expected = [torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()]

    with now.again():
        again = draw()

    assert again[0] == first[0]
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert random.getstate() == expected[1]
    assert np.random.get_state()[1].tolist() == expected[2]


@pytest.mark.parametrize("inside", [False, True])
def test_autocast_is_as_it_was(inside):
    with torch.autocast("cpu", torch.bfloat16, enabled=inside):
        now = Moment.now()
    with torch.autocast("cpu", torch.float16, enabled=not inside), now.again():
        assert torch.is_autocast_enabled("cpu") is inside
        if inside:
            assert torch.get_autocast_dtype("cpu") is torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")


def test_all_goes_on_also_where_something_raises():
    now, before = Moment.now(), torch.get_rng_state()

    with pytest.raises(RuntimeError, match="shape"), now.again():
        torch.rand(1) @ torch.ones(2, 2)

    assert torch.equal(torch.get_rng_state(), before)


def test_modules_get_back_the_attributes_and_buffers_that_they_had():
    model = nn.Sequential(nn.BatchNorm1d(2))
    model.calls, mean = 1, model[0].running_mean

    with unchanged(model):
        model.calls += 1
        model.new = "attribute"
        model[0].running_mean = torch.ones(2)
        model.register_buffer("more", torch.ones(1))

    assert model.calls == 1
    assert not hasattr(model, "new")
    assert not hasattr(model, "more")
    assert model[0].running_mean is mean
