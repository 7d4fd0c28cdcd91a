import gc

import torch

from vizkit.hooks import scaling


def test_a_scaled_loss_remembers_what_it_was(watching, problem):
    model = problem.model()
    watching(model)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    losses = [torch.tensor(3.0), torch.tensor(5.0)]

    first = scaler.scale(losses[0])
    second, third = scaler.scale(losses)

    assert [scaling.unscaled(each) for each in (first, second, third)] == [3.0, 3.0, 5.0]
    assert scaling.unscaled(losses[0]) == 3.0


def test_it_is_forgotten_with_the_loss(watching, problem):
    model = problem.model()
    watching(model)
    scaled = torch.amp.GradScaler("cpu", init_scale=8.0).scale(torch.tensor(3.0))
    assert scaling._unscaled

    del scaled
    gc.collect()

    assert not scaling._unscaled


def test_the_scale_of_now():
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    assert scaling.scale_of(scaler) is None

    scaler.scale(torch.tensor(1.0))

    assert scaling.scale_of(scaler) == 8.0
