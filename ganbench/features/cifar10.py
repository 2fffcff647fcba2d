"""A small classifier of colour pictures that ships with the package: features and posteriors without a download.

It is trained on CIFAR-10's ten classes by ``train_cifar10``. Distances on its features see what tells these classes
apart and are no published ones: they are called ``frechet[cifar10]``, never FID.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from ganbench.features.classifier import WEIGHTS, shipped
from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.weights_file import filled

NAME = "cifar10"
SHA256 = "933d43cc240025d8100cee2cbd69bd3d16ac4254e1736d90209732b361a156d4"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CHANNELS = (24, 48, 96, 128)  # of the first block and of each stage
SIDE, BATCH = 32, 64
SCALE = (127.5,)  # images are shown in [-1, 1]


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3 by 3 convolution with BatchNorm and a leaky activation, so that no feature is dead."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))


class Stage(nn.Module):
    """A block that widens, halves the sides by maxima and adds another block's output to what it was given."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.widen = nn.Sequential(block(inputs, outputs), nn.MaxPool2d(2))
        self.residual = block(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, outputs, side / 2, side / 2) of images (n, inputs, side, side)."""
        wide: Tensor = self.widen(x)
        return wide + self.residual(wide)


class Network(nn.Module):
    """A block and three stages, whose output's mean over places is the features; ``fc`` reads classes out of them."""

    def __init__(self) -> None:
        super().__init__()
        stages = [Stage(inputs, outputs) for inputs, outputs in pairwise(CHANNELS)]
        self.body = nn.Sequential(block(3, CHANNELS[0]), *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(CHANNELS[-1], len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (n, 128) of images (n, 3, 32, 32) in [-1, 1]."""
        features: Tensor = self.body(x)
        return features


def extractor(weights: bytes, digest: str) -> ImageNetwork:
    """Return the network with these weights, the content of a safetensors file, as an extractor."""
    with torch.device("meta"):  # drawing first weights would move the global generator
        network = Network()
    layer = f"mean over places of the last stage, {CHANNELS[-1]}"
    identity = {"name": NAME, "weights_sha256": digest, "layer": layer}
    view = View("clean", SIDE, SCALE, SCALE)
    return ImageNetwork(identity, view, filled(network, safetensors.torch.load(weights), NAME), BATCH)


def cifar10(folder: Path = WEIGHTS) -> ImageNetwork:
    """Return the shipped classifier.

    Raises Missing without its file, BadInput when the file is not the one whose digest is written in this module.
    """
    return extractor(shipped(NAME, SHA256, folder), SHA256)
