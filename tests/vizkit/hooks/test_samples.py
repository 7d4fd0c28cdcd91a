import pytest
import torch

from vizkit.hooks.samples import Samples, rows_of


@pytest.mark.parametrize(
    ("inputs", "rows"),
    [
        (torch.ones(3, 2), 3),
        ((torch.ones(()), torch.ones(4)), 4),
        (((), {"mask": None, "ids": torch.ones(5, 1)}), 5),
        (([torch.ones(6)],), 6),
        ((torch.ones(()), 3, "text"), None),
    ],
)
def test_the_first_dimension_of_the_first_tensor(inputs, rows):
    assert rows_of(inputs) == rows


def test_each_backward_pass_counts_the_first_forward_pass_before_it():
    samples = Samples()
    for rows in (8, 4):
        samples.saw((torch.ones(rows, 2),))
        samples.saw((torch.ones(100, 2),))
        samples.backward_ended()

    assert samples.take() == 12
    assert samples.take() == 0


def test_passes_without_gradients_do_not_count():
    samples = Samples()
    with torch.no_grad():
        samples.saw((torch.ones(8),))
    samples.backward_ended()

    assert samples.take() == 0
