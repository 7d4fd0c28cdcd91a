"""The data and the network: 1,797 real 8x8 images that scikit-learn ships, and a small CNN."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    images: [n, 1, 8, 8] float32 in 0..1. labels: [n] int64 in 0..9.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def load_splits(*, validation_share: float = 0.2) -> tuple[Split, Split]:
    """Return (train, validation), stratified, the same ones each time."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(digits.target)
    parts = train_test_split(
        images, labels, test_size=validation_share, random_state=0, stratify=labels
    )
    return Split(parts[0], parts[2]), Split(parts[1], parts[3])


def batches(split: Split, size: int) -> list[Tensor]:
    """Return the shuffled indices of one epoch, `size` at a time (torch's global generator)."""
    return list(torch.randperm(len(split)).split(size))


def jitter(images: Tensor) -> Tensor:
    """Move a batch by at most one pixel each way, so that the network learns shapes."""
    dy, dx = torch.randint(-1, 2, (2,)).tolist()
    return images.roll((dy, dx), (2, 3))


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU()


class DigitsNet(nn.Module):
    """Three convolution blocks and a linear head: 66,154 parameters at width 32."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = ConvBlock(1, width)
        self.down = ConvBlock(width, 2 * width, stride=2)
        self.body = ConvBlock(2 * width, 2 * width)
        self.dropout = nn.Dropout(0.25)
        self.head = nn.Linear(2 * width * 4 * 4, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [n, 10] of images [n, 1, 8, 8]."""
        features = self.body(self.down(self.stem(images)))
        logits: Tensor = self.head(self.dropout(features.flatten(1)))
        return logits
