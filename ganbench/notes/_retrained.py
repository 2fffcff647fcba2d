"""Classifiers of small digits, trained again from other first weights, or to know fewer classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.features.classifier import PLANS, Network

BATCH, RATE = 64, 4e-3


def retrained(source: Finite, seed: int, epochs: int) -> Network:
    """Return the shipped classifier's network, trained by Adam with first weights and order of ``seed``'s own."""
    network = Network(PLANS["digits"])
    random = stream(seed, "retrained")
    draw_again(network, random)
    adam = torch.optim.Adam(network.parameters(), RATE)
    for _ in range(epochs):
        for index in torch.randperm(len(source.x), generator=random).split(BATCH):
            adam.zero_grad()
            torch.autograd.backward(F.cross_entropy(network(source.x[index]), source.y[index]))
            adam.step()
    return network.eval()


def draw_again(network: Network, random: torch.Generator) -> None:
    """Draw all weights from ``random`` by torch's usual distribution, uniform up to the fan-in's inverse root."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                edge = layer.weight[0].numel() ** -0.5
                for weight in layer.parameters():
                    weight.copy_(edge * (2 * torch.rand(weight.shape, generator=random) - 1))


def posteriors(network: Network, images: Tensor) -> Tensor:
    """Return the class posteriors (n, 10) of images, in float64."""
    with torch.no_grad():
        return F.softmax(network(images).double(), 1)
