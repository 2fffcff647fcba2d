"""A convolutional network of fixed random filters: features of any pictures, free, offline, the same everywhere."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.errors import BadInput
from ganbench.features.image_network import ImageNetwork, View

SHA256 = "6171ccf6b7cd91e13ef46c28fe22007eddf8cc665db0e5bdee5d5b08ade58309"
CHANNELS = (3, 32, 64, 96, 128)
KERNEL, SIDE, BATCH = 3, 64, 64
SPREAD = sqrt((256**2 - 1) / 12)  # standard deviation of a uniform byte


class RandomConv(nn.Module):
    """Four halving layers; features are the mean over the picture of each layer's activations.

    The filters come from SHAKE-256, not from a random generator, so that they are the same numbers on every machine
    and under every version of every library.
    """

    def __init__(self) -> None:
        super().__init__()
        for layer, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
            self.register_buffer(f"filters{layer}", filters(layer, (outputs, inputs, KERNEL, KERNEL)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (n, 320) of scaled images (n, 3, 64, 64)."""
        activations = []
        for weight in self.buffers():
            x = F.leaky_relu(F.conv2d(x, weight, stride=2, padding=1), 0.2)
            activations.append(x.mean((2, 3)))
        return torch.cat(activations, 1)


def filters(layer: int, shape: tuple[int, ...]) -> Tensor:
    """Return a layer's filters: independent uniform bytes, centred, with variance 2 over the number of inputs."""
    digest = hashlib.shake_256(f"ganbench random_conv layer {layer}".encode()).digest(prod(shape))
    drawn = torch.frombuffer(bytearray(digest), dtype=torch.uint8).double().view(shape)
    return ((drawn - 127.5) / SPREAD * sqrt(2 / prod(shape[1:]))).float()


def digest_of(network: RandomConv) -> str:
    """Return the SHA-256 of the filters' float32 values, little-endian, layer by layer."""
    content = b"".join(weight.contiguous().numpy().astype("<f4").tobytes() for weight in network.buffers())
    return hashlib.sha256(content).hexdigest()


def random_conv() -> ImageNetwork:
    """Return the extractor; raises BadInput where the filters are not those that the pinned digest stands for."""
    network = RandomConv()
    digest = digest_of(network)
    if digest != SHA256:
        raise BadInput(f"features random_conv: expected filters of SHA-256 {SHA256}, made {digest}")
    identity = {"name": "random_conv", "weights_sha256": digest, "layer": "means of the 4 layers, 320"}
    return ImageNetwork(identity, View("clean", SIDE, (127.5,), (127.5,)), network, BATCH)
