"""A pretrained network, fine-tuned: eyes trained on faces learn to read digits.

The weights are those of MTCNN's R-Net, which the package facenet-pytorch ships (MIT licence). They
are read as a file, so its pinned dependencies are not needed:

    pip install --no-deps facenet-pytorch
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import nn

import vizkit

STEPS, FROZEN = 200, 100


class RNet(nn.Module):
    """R-Net up to its features: 128 numbers for each face (or digit) of 24 x 24 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)

    def forward(self, images):
        """Return features [n, 128] of images [n, 3, 24, 24]."""
        x = self.pool1(self.prelu1(self.conv1(images)))
        x = self.pool2(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))
        x = x.permute(0, 3, 2, 1).flatten(1)
        return self.prelu4(self.dense4(x))


class DigitReader(nn.Module):
    """The pretrained features and a new head."""

    def __init__(self) -> None:
        super().__init__()
        self.features = RNet()
        self.head = nn.Linear(128, 10)
        self.features.load_state_dict(pretrained_weights(), strict=False)

    def forward(self, images):
        """Return logits [n, 10] of images [n, 3, 24, 24]."""
        return self.head(self.features(images))


def pretrained_weights() -> dict[str, torch.Tensor]:
    """Return the weights of R-Net as the package ships them."""
    package = find_spec("facenet_pytorch")
    if package is None or package.origin is None:
        raise SystemExit("The weights are in a package: pip install --no-deps facenet-pytorch")
    return torch.load(Path(package.origin).parent / "data" / "rnet.pt", weights_only=True)


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return 1,797 scanned digits as the network saw faces: [n, 3, 24, 24], -1 to 1."""
    found = load_digits()
    small = torch.tensor(found.images, dtype=torch.float32)[:, None] / 8 - 1
    large = nn.functional.interpolate(small, size=24, mode="bilinear")
    return large.expand(-1, 3, -1, -1).contiguous(), torch.tensor(found.target)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    images, labels = digits()
    model = DigitReader()
    model.features.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    with vizkit.watch(
        model, optimizer, logdir=logdir, name="pretrained-network", activations_every=25
    ) as watch:
        for step in range(STEPS):
            if step == FROZEN:
                model.features.requires_grad_(True)
                optimizer.param_groups[0]["lr"] = 1e-3
            batch = torch.randint(len(labels), (64,))
            logits = model(images[batch])
            loss = nn.functional.cross_entropy(logits, labels[batch])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            watch.log({"train/accuracy": (logits.argmax(1) == labels[batch]).float().mean()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
