from dataclasses import dataclass

import numpy as np
import pytest
import torch

from vizkit.hooks.activity_tally import STATISTICS, Tally
from vizkit.hooks.activity_times import Deferred
from vizkit.kinds.vector.value import Vector


@dataclass
class Output:
    logits: torch.Tensor
    more: dict
    nothing: None = None


class Unmeasurable(torch.Tensor):
    """As some tensors of libraries: of a floating dtype, and without the operations."""

    def detach(self):
        raise NotImplementedError("no detach")


def test_all_floating_tensors_of_an_output_count_once_each():
    a, b, c = torch.randn(5), torch.randn(3, 2), torch.randn(4)
    tally = Tally()

    tally.add(1, Output(a, {"b": (b, [a, torch.arange(9)]), "c": c}))

    assert len(tally) == 3
    found = tally.vectors(2)
    together = torch.cat([a, b.flatten(), c]).numpy()
    assert list(found) == list(STATISTICS)
    assert found["activation_mean"][1] == pytest.approx(together.mean(), rel=1e-4)
    assert found["activation_std"][1] == pytest.approx(together.std(), rel=1e-4)
    assert np.isnan([values[0] for values in found.values()]).all()


def test_what_cannot_be_measured_is_left_out():
    tally = Tally()

    tally.add(0, Unmeasurable())
    tally.add(0, object())
    tally.add(0, None)

    assert len(tally) == 0


def test_a_pass_that_failed_is_cut_off():
    tally = Tally()
    tally.add(0, torch.ones(3))
    tally.add(0, torch.zeros(3))

    tally.cut(1)

    assert tally.vectors(1)["activation_mean"].tolist() == [1.0]


def test_numbers_on_a_device_are_read_once_and_later():
    # Where moments are tensors, whatever their device: that is all that the tally knows of it.
    tally = Tally()
    tally.add(0, torch.ones(3))
    tally._found.append((1, torch.tensor([4.0, 2.0, 36.0, 1.0, 4.0], dtype=torch.float64)))

    found = tally.vectors(2)

    assert all(isinstance(values, Deferred) for values in found.values())
    read = [Vector(("a", "b"), values).array().tolist() for values in found.values()]
    assert read == [[1.0, 2.0], [0.0, 3.0], [0.0, 0.125], [0.0, 4.0]]
