import threading

import pytest
import torch
from torch import nn

from vizkit.hooks.guard import Guard
from vizkit.hooks.nan_kept import MOST_BUFFER_BYTES, MOST_CALLS, Kept
from vizkit.hooks.quiet_hook import silence

X = torch.randn(4, 2)


@pytest.fixture
def model():
    return nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))


@pytest.fixture
def kept(model):
    kept = Kept(model, Guard())
    yield kept
    kept.remove()


def test_arguments_are_kept_by_reference_and_let_go(model, kept):
    model(X)

    assert kept.passes[0].args[0] is X
    kept.clear()
    assert not kept.passes


def test_gradients_of_outputs_are_kept_as_backward_brings_them(model, kept):
    (model(X) * 3).sum().backward()

    assert torch.equal(kept.passes[0].gradients[0], torch.full((4, 1), 3.0))


def test_what_needs_no_gradient_is_not_kept(model, kept):
    with torch.no_grad():
        model(X)

    assert not kept.passes


def test_only_the_last_passes_are_kept(model, kept):
    for _ in range(MOST_CALLS + 2):
        model(X)

    assert len(kept.passes) == MOST_CALLS


def test_an_argument_that_was_written_to_is_told(model, kept):
    x = X.clone()
    model(x)
    assert kept.passes[0].is_intact

    x.zero_()
    assert not kept.passes[0].is_intact


def test_buffers_are_copied_as_they_were_before_but_large_ones_and_those_of_batch_norms(model):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model
            self.register_buffer("count", torch.zeros(1))
            self.register_buffer("large", torch.zeros(MOST_BUFFER_BYTES))

        def forward(self, x):
            self.count += 1
            return self.inner(x)

    counting = Counting()
    kept = Kept(counting, Guard())
    for _ in range(3):
        counting(X)
    found = [each.buffers for each in kept.passes]
    kept.remove()

    assert [set(each) for each in found] == [{"count"}] * 3
    assert [each["count"].item() for each in found] == [0, 1, 2]


def test_a_silent_pass_and_one_of_another_thread_are_none(model, kept):
    model(X)
    with silence():
        model(X)
    thread = threading.Thread(target=lambda: model(X))
    thread.start()
    thread.join()

    assert len(kept.passes) == 1


def test_the_line_of_the_program_is_kept(model, kept):
    model(X)

    assert kept.passes[0].called_from.startswith("tests/vizkit/hooks/test_nan_kept.py:")
