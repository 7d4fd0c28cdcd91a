import threading

import torch

from vizkit.hooks.losses import MOST, Losses, number


def test_backward_passes_add_up_and_outputs_are_averaged():
    losses = Losses()
    losses.add_root(1.0)
    losses.add_root(2.0)
    assert losses.take() == 3.0

    losses.add_root(1.0)
    losses.add_output(4.0)
    losses.add_output(6.0)
    assert losses.take() == 5.0


def test_nothing_heard_is_no_loss():
    losses = Losses()

    assert losses.take() is None
    assert not losses.pending()


def test_taking_and_discarding_begin_anew():
    losses = Losses()
    losses.add_root(1.0)
    assert losses.pending()

    losses.discard()

    assert losses.take() is None


def test_threads_do_not_hear_each_other():
    losses = Losses()
    thread = threading.Thread(target=losses.add_root, args=(1.0,))
    thread.start()
    thread.join()

    assert losses.take() is None


def test_a_thread_that_never_steps_does_not_grow_for_ever():
    losses = Losses()
    for _ in range(MOST + 10):
        losses.add_root(1.0)

    assert losses.take() == MOST


def test_losses_on_a_device_stay_there():
    losses = Losses()
    losses.add_root(number(torch.ones((), device="meta")))
    losses.add_root(number(torch.ones(1, device="meta")))
    losses.add_root(2.0)

    found = losses.take()

    assert (found.device.type, found.shape) == ("meta", ())


def test_a_number_is_read_at_once_on_the_cpu():
    loss = torch.tensor([2.0], requires_grad=True)

    assert number(loss) == 2.0
    assert number(torch.tensor(3 + 0j)) == 3.0
