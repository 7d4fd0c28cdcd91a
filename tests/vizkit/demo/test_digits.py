"""The digits: real images, split the same way each time."""

import torch

from vizkit.demo.digits import DigitsNet, batches, jitter, load_splits


def test_all_1797_images_are_in_one_of_the_two_splits():
    train, validation = load_splits()

    assert len(train) + len(validation) == 1797
    assert train.images.shape[1:] == (1, 8, 8)
    assert train.images.min() == 0
    assert train.images.max() == 1


def test_the_split_is_the_same_each_time_and_holds_every_digit():
    first = load_splits()[1]
    second = load_splits()[1]

    assert torch.equal(first.images, second.images)
    assert first.labels.bincount().min() >= 33


def test_batches_hold_each_image_once():
    train, _ = load_splits()

    indices = torch.cat(batches(train, 16))

    assert torch.equal(indices.sort().values, torch.arange(len(train)))


def test_jitter_moves_and_keeps_every_pixel():
    images = torch.arange(64.0).view(1, 1, 8, 8)

    moved = jitter(images)

    assert torch.equal(moved.flatten().sort().values, images.flatten())


def test_the_network_gives_ten_logits_an_image():
    model = DigitsNet()

    logits = model(torch.zeros(3, 1, 8, 8))

    assert logits.shape == (3, 10)
    assert sum(p.numel() for p in model.parameters()) == 66_154
